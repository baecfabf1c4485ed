"""What the ledger writes by statements, on DynamoDB Local: with moto, which knows none, every write is one alone."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from functions.notify.aws import IMPATIENT, THREADS
from functions.notify.ledger import Claim, Found, Ledger, LedgerUnavailableError, Notification
from functions.notify.statements import Statements
from local import ports
from local.endpoints import url
from local.services import CREDENTIALS
from tests.system.database import Database
from tests.system.invoking import REGION, application

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TABLE = "NotificationsTable"
# Seconds: two calls one after the other, of two tries of a second each, and leisure for a busy machine.
TWO_CALLS = 4 + 2


@pytest.fixture(scope="module")
def port() -> int:
    return ports.claim("dynamodb", 0)


@pytest.fixture(scope="module")
def database(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    template = application(kafka="127.0.0.1:1", dynamodb=url(port))
    with Database(tmp_path_factory.mktemp("database"), port=port, application=template) as database:
        yield database


@pytest.fixture
def client(database: Database, port: int) -> Iterator[Any]:
    client = boto3.client(
        "dynamodb",
        endpoint_url=url(port),
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=IMPATIENT,
    )
    yield client
    client.close()


@pytest.fixture
def ledger(client: Any) -> Ledger:
    return Ledger(client=client, table=TABLE, statements=Statements(client))


def claim(ledger: Ledger, order: str, owner: str = "one") -> Claim | Found:
    notification = Notification(order_id=order, event_id="event", channel="mail", event_type="order.paid.v1")
    return ledger.claim(notification, owner=owner, now=NOW, lease_until=NOW + timedelta(seconds=16))


def test_a_first_claim_and_its_mark_need_no_writes_of_their_own(
    ledger: Ledger, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_alone(**_: Any) -> None:
        raise AssertionError

    with monkeypatch.context() as changed:
        changed.setattr(client, "update_item", write_alone)
        won = claim(ledger, "ord_1")
        assert isinstance(won, Claim)
        assert ledger.mark_sent(won, provider_id="mail-1", now=NOW)
    assert claim(ledger, "ord_1", "another") == Found(status="sent")
    assert ledger.mark_sent(won, provider_id="mail-1", now=NOW), "it finds its own work"


def test_of_two_owners_one_wins_and_the_other_marks_nothing(ledger: Ledger) -> None:
    won = claim(ledger, "ord_2")
    assert isinstance(won, Claim)
    assert claim(ledger, "ord_2", "another") == Found(status="claimed")
    stranger = Claim(notification=won.notification, owner="another", attempts=1, possible_duplicate=False)
    assert not ledger.mark_sent(stranger, provider_id="mail-2", now=NOW)
    assert ledger.mark_sent(won, provider_id="mail-1", now=NOW)


def test_a_database_that_hangs_takes_nobody_longer_than_two_calls(ledger: Ledger, database: Database) -> None:
    def refused(number: int) -> float:
        began = time.monotonic()
        with pytest.raises(LedgerUnavailableError):
            claim(ledger, f"ord_hangs_{number}")
        return time.monotonic() - began

    database.freeze()
    try:
        with ThreadPoolExecutor(THREADS) as threads:
            longest = max(threads.map(refused, range(THREADS)))
    finally:
        database.thaw()
    assert longest < TWO_CALLS
