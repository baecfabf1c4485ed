"""A backfill as a user runs it, on a real broker and DynamoDB: killed in the middle, and run again."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.order.domain.events import event_of
from functions.order.domain.order import ORDER_CANCELLED, ORDER_PAID
from functions.order.storage.order_item import item_of
from samrun import Endpoints
from samrun.testing.aws import client
from samrun.testing.dynamodb import Database
from samrun.testing.waiting import eventually
from tests.contract.wire_event import read_wire_event
from tests.order.orders import NOON, cancelled_order, order_of
from tests.project import ROOT
from tests.system.killable_functions import application
from tests.system.orders_table import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from functions.order.domain.order import Order
    from samrun.testing.broker import Broker

TOPIC = "order-backfill"
RATE = 40  # events a second: a page has as many orders
# One order in five was cancelled; the erased ones have no customer any more.
PAID, CANCELLED, ERASED = 120, 30, 3


def _orders() -> list[Order]:
    paid = [order_of(f"pay-{number}", pending=()) for number in range(PAID)]
    cancelled = [cancelled_order(f"pay-cancelled-{number}", pending=()) for number in range(CANCELLED)]
    erased = [order_of(f"pay-erased-{number}", pending=(), erased_at=NOON) for number in range(ERASED)]
    return [replace(each, created_at=each.created_at + timedelta(seconds=n)) for n, each in enumerate(paid)] + (
        cancelled + erased
    )


@pytest.fixture
def data(broker: Broker, tmp_path: Path) -> Iterator[Path]:
    """The data folder of a stack whose orders are stored, and whose topic for the backfill is empty."""
    broker.create_topic(TOPIC, partitions=3)
    with Database(tmp_path / "dynamodb") as database:
        database.create_tables(application(kafka=broker.bootstrap, dynamodb=database.url))
        with contextlib.closing(client("dynamodb", database.url)) as dynamodb:
            for order in _orders():
                dynamodb.put_item(TableName=TABLE, Item=item_of(order))
            dynamodb.put_item(TableName=TABLE, Item={"order_id": {"S": "lease#relay"}, "owner": {"S": "a-relay"}})
        nowhere = "http://127.0.0.1:1"
        endpoints = Endpoints(
            api=None, lambda_=None, console=nowhere, aws=nowhere, dynamodb=database.url, kafka=broker.bootstrap
        )
        endpoints.write(tmp_path)
        yield tmp_path


def _command(data: Path, *arguments: str) -> list[str]:
    places = ["--data", str(data), "--template", str(ROOT / "template.yaml"), "--checkpoint", str(_checkpoint(data))]
    return [sys.executable, "-m", "tools.backfill", TOPIC, "--rate", str(RATE), *places, *arguments]


def _run(data: Path, *arguments: str) -> str:
    done = subprocess.run(_command(data, *arguments), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _checkpoint(data: Path) -> Path:
    return data / "place.json"


def _progress(data: Path) -> dict[str, Any]:
    progress: dict[str, Any] = json.loads(_checkpoint(data).read_text()) if _checkpoint(data).exists() else {}
    return progress


def test_a_backfill_that_is_killed_goes_on_and_misses_nothing(broker: Broker, data: Path) -> None:
    counted = _run(data, "--dry-run")
    assert f"{PAID + 2 * CANCELLED} events" in counted
    assert broker.records(TOPIC) == []

    with (data / "killed.log").open("wb") as log:
        process = subprocess.Popen(_command(data), cwd=ROOT, stdout=log, stderr=log)
    eventually(lambda: _progress(data).get("orders"), what="the first page to be published")
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    interrupted = _progress(data)
    assert not interrupted["is_complete"]

    goes_on = _run(data)
    assert f"Goes on from {_checkpoint(data)}: {sum(interrupted['published'].values())} events" in goes_on
    assert f"{ERASED} erased orders left out" in goes_on

    expected = {
        event_of(order, event_type).value: order.order_id
        for order in _orders()
        if not order.erased_at
        for event_type in ([ORDER_PAID, ORDER_CANCELLED] if order.cancellation else [ORDER_PAID])
    }
    records = broker.records(TOPIC)
    times = Counter(record.value for record in records)
    assert times.keys() == expected.keys(), "the original events, byte for byte, all of them and no others"
    assert max(times.values()) <= 2
    in_flight = {expected[value] for value, count in times.items() if value is not None and count > 1}
    assert len(in_flight) <= RATE, "at most the orders of one page come twice"
    assert sum(_progress(data)["published"].values()) == len(expected)
    for record in records:
        *original, backfill = record.headers
        assert backfill == ("backfill", b"true")
        read_wire_event(record._replace(headers=original))
