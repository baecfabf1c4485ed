"""DynamoDB away: nothing is recorded, nothing is published, and the same request completes once it is back."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from local import ports
from local.endpoints import url
from tests.system.broker import Broker
from tests.system.database import Database
from tests.system.invoking import ORDER, Call, Functions, application, to_place
from tests.system.orders_table import OrdersTable
from tests.system.published import PAID, Published

pytestmark = pytest.mark.xdist_group("store-away")

TOPIC = "order-events"
# Seconds: older than what the relay takes.
LATER = 60.0


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The functions, and what they talk to."""

    broker: Broker
    database: Database
    functions: Functions
    table: OrdersTable

    def place(self, reference: str) -> dict[str, Any]:
        [outcome] = self.functions.invoke([Call(event=to_place(reference))])
        answer: dict[str, Any] = outcome.answer
        return answer

    def relay(self) -> None:
        [outcome] = self.functions.invoke([Call(function="relay", event={}, ahead=LATER)])
        assert outcome.answer["left"] == 0
        assert self.table.pending() == []


@pytest.fixture(scope="module")
def shop(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    broker.create_topic(TOPIC, partitions=3)
    folder, port = tmp_path_factory.mktemp("dynamodb"), ports.claim("dynamodb", 0)
    template = application(kafka=broker.bootstrap, dynamodb=url(port))
    with (
        Database(folder, port=port, application=template) as database,
        contextlib.closing(OrdersTable(url(port))) as table,
        Functions(ORDER, template, services={"dynamodb": url(port)}, log=folder / "functions.log") as functions,
    ):
        yield Shop(broker=broker, database=database, functions=functions, table=table)


def assert_unavailable(answer: dict[str, Any]) -> None:
    assert answer["statusCode"] == httpx.codes.SERVICE_UNAVAILABLE
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert int(answer["headers"]["Retry-After"]) > 0


def test_a_stopped_one_makes_a_503_and_the_repeat_records_and_publishes(shop: Shop) -> None:
    before = shop.broker.records(TOPIC)
    shop.database.stop()
    try:
        assert_unavailable(shop.place("stopped"))
    finally:
        shop.database.start()
    assert shop.broker.records(TOPIC) == before
    again = shop.place("stopped")
    assert again["statusCode"] == httpx.codes.CREATED
    shop.relay()
    Published(shop.broker.records(TOPIC)).has(json.loads(again["body"])["order_id"], [PAID])


def test_a_frozen_one_makes_a_503_and_whatever_it_then_writes_the_repeat_completes(shop: Shop) -> None:
    before = shop.broker.records(TOPIC)
    shop.database.freeze()
    try:
        assert_unavailable(shop.place("frozen"))
    finally:
        shop.database.thaw()
    assert shop.broker.records(TOPIC) == before
    again = shop.place("frozen")
    # It may have written the order when it was thawed.
    assert again["statusCode"] in {httpx.codes.CREATED, httpx.codes.OK}
    shop.relay()
    order_id = json.loads(again["body"])["order_id"]
    assert [order["order_id"] for order in shop.table.orders() if order["payment_reference"] == "frozen"] == [order_id]
    Published(shop.broker.records(TOPIC)).has(order_id, [PAID])
