"""The ledger's batches of writes, on DynamoDB Local: moto does not support them."""

import contextlib
import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from functions.notify.aws_clients import SHORT_TIMEOUT_CONFIG, THREADS
from functions.notify.domain.decisions import Decision, Send, Settled, Wait
from functions.notify.domain.notification import Claim, Notification, UnknownPolicy
from functions.notify.ledger.batch_writer import BatchWriter
from functions.notify.ledger.ledger import Ledger
from functions.notify.ledger.unavailable import LedgerUnavailableError
from functions.notify.notifying import claiming
from functions.notify.notifying.pending_writes import PendingWrites
from samrun.testing.aws import CREDENTIALS, REGION
from samrun.testing.dynamodb import Database
from samrun.testing.waiting import eventually
from tests.system.killable_functions import application

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LEASE = timedelta(seconds=16)
TABLE = "NotificationsTable"
# Seconds: two calls one after the other, of two attempts of a second each, and leisure for a busy machine.
TWO_CALLS = 4 + 2


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with Database(tmp_path_factory.mktemp("database")) as database:
        database.create_tables(application(kafka="127.0.0.1:1", dynamodb=database.url))
        yield database


@pytest.fixture
def client(database: Database) -> Iterator[Any]:
    client = boto3.client(
        "dynamodb",
        endpoint_url=database.url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=SHORT_TIMEOUT_CONFIG,
    )
    yield client
    client.close()


@pytest.fixture
def ledger(client: Any) -> Ledger:
    return Ledger(client=client, table=TABLE, batch_writer=BatchWriter(client))


def claim(
    ledger: Ledger, order: str, owner: str = "one", pending_writes: PendingWrites | None = None
) -> Claim | Decision:
    notification = Notification(key=order, event_id="event", channel="mail", event_type="order.paid.v1")
    decision = claiming.claim(
        ledger,
        pending_writes or PendingWrites(),
        notification,
        owner=owner,
        now=NOW,
        lease_until=NOW + LEASE,
        policy=UnknownPolicy.RESEND,
    )
    return decision.claim if isinstance(decision, Send) else decision


def test_a_first_claim_and_its_mark_are_written_in_batches_alone(
    ledger: Ledger, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_alone(**_: Any) -> None:
        raise AssertionError

    with monkeypatch.context() as changed:
        changed.setattr(client, "update_item", write_alone)
        won = claim(ledger, "ord_1")
        assert isinstance(won, Claim)
        assert ledger.mark_sent(won, provider_id="mail-1", now=NOW, together=True)
    assert claim(ledger, "ord_1", "another") == Settled(status="sent")
    assert ledger.mark_sent(won, provider_id="mail-1", now=NOW), "it finds its own mark"


def test_only_one_of_two_owners_wins_and_the_other_marks_nothing(ledger: Ledger) -> None:
    won = claim(ledger, "ord_2")
    assert isinstance(won, Claim)
    assert claim(ledger, "ord_2", "another") == Wait()
    stranger = Claim(notification=won.notification, owner="another", attempts=1, possible_duplicate=False)
    assert not ledger.mark_sent(stranger, provider_id="mail-2", now=NOW)
    assert ledger.mark_sent(won, provider_id="mail-1", now=NOW)


def test_no_claim_takes_longer_than_two_calls_while_the_database_hangs(ledger: Ledger, database: Database) -> None:
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


def test_claims_whose_common_answer_was_lost_are_released_and_are_no_attempts(
    ledger: Ledger, database: Database
) -> None:
    """DynamoDB makes some of the writes when it is thawed: claims, and their releases, in whatever order."""
    pending_writes, won, bugs = PendingWrites(), dict[str, Claim | Decision](), list[Exception]()

    def deliver(order: str, invocation: int) -> None:
        with contextlib.suppress(LedgerUnavailableError):
            won[order] = claim(ledger, order, f"request-{invocation}", pending_writes)

    orders = [f"ord_lost_{number}" for number in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as threads:
        database.freeze()
        try:
            list(threads.map(deliver, orders, itertools.repeat(0)))
            pending_writes.finish_due(threads, rounds=1, has_time=lambda: True, report_bug=bugs.append)
        finally:
            database.thaw()
        assert won == {}
        invocations = itertools.count(1)

        def redelivered() -> bool:
            pending_writes.finish_due(threads, rounds=1, has_time=lambda: True, report_bug=bugs.append)
            left = [order for order in orders if order not in won]
            list(threads.map(deliver, left, itertools.repeat(next(invocations))))
            return len(won) == len(orders)

        eventually(redelivered, what="DynamoDB to answer the second claim of each order")
    assert bugs == []
    assert [each for each in won.values() if not isinstance(each, Claim)] == []
    assert {(each.attempts, each.possible_duplicate) for each in won.values() if isinstance(each, Claim)} == {
        (1, False)
    }
