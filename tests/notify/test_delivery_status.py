"""Delivery statuses in the ledger: the higher rank stays, in whatever order and however often events arrive."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import Stubber
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.notify.domain.decisions import Settled
from functions.notify.domain.notification import Claim, Notification, UnknownPolicy
from functions.notify.feedback.delivery_status import DeliveryStatus, DeliveryStatusStore, Feedback, UpdateResult
from functions.notify.ledger.ledger import Ledger
from functions.notify.ledger.unavailable import LedgerUnavailableError
from functions.notify.notifying import claiming
from functions.notify.notifying.pending_writes import PendingWrites
from tests.exception_classes import make_classes_at_each_use
from tests.notify.fakes import NOW
from tests.notify.samples import TABLE
from tests.notify.state_rows import RANKS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.notify.fakes import FakeClock

NOTIFICATION = Notification(key="ord_1", event_id="event-1", channel="mail")
STATUSES = ["claimed", "waiting", "unknown", "sent", "failed", "expired"]


def feedback(status: str, **changes: Any) -> Feedback:
    return replace(
        Feedback(
            order_id="ord_1",
            notification_id="event-1#mail",
            status=DeliveryStatus(status),
            reason="why",
            at=NOW + timedelta(seconds=2),
            message_id="mail-1",
            sent_at=NOW,
        ),
        **changes,
    )


@pytest.fixture
def ledger(dynamodb: DynamoDBClient) -> Ledger:
    return Ledger(client=dynamodb, table=TABLE)


@pytest.fixture
def store(dynamodb: DynamoDBClient) -> DeliveryStatusStore:
    return DeliveryStatusStore(client=dynamodb, table=TABLE)


def must_claim(ledger: Ledger, *, owner: str = "request-1") -> Claim:
    entry = ledger.claim(NOTIFICATION, owner=owner, now=NOW, lease_until=NOW + timedelta(seconds=16))
    assert entry.is_as("claimed", owner)
    return entry.claim


def put(dynamodb: DynamoDBClient, status: str) -> None:
    """Put the notification into the ledger, whatever was there."""
    dynamodb.put_item(
        TableName=TABLE,
        Item={
            "order_id": {"S": "ord_1"},
            "notification_id": {"S": "event-1#mail"},
            "status": {"S": status},
            "owner": {"S": "request-1"},
            "attempts": {"N": "1"},
            "updated_at": {"S": NOW.isoformat()},
        },
    )


def items(dynamodb: DynamoDBClient) -> list[dict[str, Any]]:
    """Return the table's content, without DynamoDB's types."""
    found = dynamodb.scan(TableName=TABLE)["Items"]
    return [{name: next(iter(value.values())) for name, value in item.items()} for item in found]


def status_in(dynamodb: DynamoDBClient) -> str:
    (item,) = items(dynamodb)
    found: str = item["status"]
    return found


def test_the_ranks_are_those_of_the_documentation() -> None:
    assert sorted(DeliveryStatus, key=lambda status: status.rank) == RANKS


def test_the_store_writes_the_status_the_reason_and_the_time(
    ledger: Ledger, store: DeliveryStatusStore, dynamodb: DynamoDBClient
) -> None:
    ledger.mark_sent(must_claim(ledger), provider_id="mail-1", now=NOW)
    (before,) = items(dynamodb)
    assert store.record(feedback("bounced", reason="Permanent/NoEmail")) is UpdateResult.UPDATED
    (after,) = items(dynamodb)
    assert {name: value for name, value in after.items() if before.get(name) != value and name != "feedback"} == {
        "status": "bounced",
        "feedback_at": "2026-11-22T10:20:02.000+00:00",
        "feedback_reason": "Permanent/NoEmail",
        "sent_at": "2026-11-22T10:20:00.000+00:00",
    }


@pytest.mark.parametrize(
    ("first", "second"), [pair for pair in permutations(RANKS, 2) if RANKS.index(pair[0]) < RANKS.index(pair[1])]
)
def test_the_higher_rank_of_two_statuses_stays(
    store: DeliveryStatusStore, dynamodb: DynamoDBClient, first: str, second: str
) -> None:
    put(dynamodb, "sent")
    assert store.record(feedback(first)) is UpdateResult.UPDATED
    assert store.record(feedback(second)) is UpdateResult.UPDATED
    assert store.record(feedback(first, at=NOW + timedelta(days=1))) is UpdateResult.UNCHANGED
    assert status_in(dynamodb) == second


def test_a_repeated_event_changes_nothing(store: DeliveryStatusStore, dynamodb: DynamoDBClient) -> None:
    put(dynamodb, "sent")
    assert store.record(feedback("delivered")) is UpdateResult.UPDATED
    before = items(dynamodb)
    assert store.record(feedback("delivered")) is UpdateResult.UNCHANGED
    assert items(dynamodb) == before


def test_a_failed_condition_is_told_by_its_code_and_not_by_a_class_of_botocore(
    store: DeliveryStatusStore, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_classes_at_each_use(dynamodb, monkeypatch)
    assert store.record(feedback("delivered")) is UpdateResult.NO_ENTRY


def test_a_second_delay_is_no_new_status(store: DeliveryStatusStore, dynamodb: DynamoDBClient) -> None:
    put(dynamodb, "sent")
    assert store.record(feedback("delayed")) is UpdateResult.UPDATED
    assert store.record(feedback("delayed", at=NOW + timedelta(hours=1))) is UpdateResult.UNCHANGED
    (item,) = items(dynamodb)
    assert item["feedback_at"] == "2026-11-22T11:20:00.000+00:00"


FEEDBACKS = st.builds(
    feedback,
    st.sampled_from(RANKS),
    reason=st.sampled_from(["", "a", "b"]),
    at=st.sampled_from([NOW, NOW + timedelta(milliseconds=500), NOW + timedelta(hours=1)]),
    message_id=st.sampled_from(["mail-1", "mail-2"]),
    sent_at=st.sampled_from([NOW, NOW + timedelta(minutes=1)]),
)


@given(data=st.data(), events=st.lists(FEEDBACKS, min_size=1, max_size=5), before=st.sampled_from(STATUSES))
@settings(
    max_examples=settings().max_examples // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # each example puts its own item
def test_the_same_events_in_any_order_and_repetition_end_in_the_same_entry(
    store: DeliveryStatusStore, dynamodb: DynamoDBClient, data: st.DataObject, events: list[Feedback], before: str
) -> None:
    def after(sequence: Iterable[Feedback]) -> list[dict[str, Any]]:
        put(dynamodb, before)
        for event in sequence:
            store.record(event)
        return items(dynamodb)

    repeated = events + data.draw(st.lists(st.sampled_from(events), max_size=5))
    expected = after(events)
    assert after(data.draw(st.permutations(repeated))) == expected
    assert status_in(dynamodb) == max((event.status for event in events), key=RANKS.index)


def test_feedback_of_an_unknown_notification_writes_nothing(
    store: DeliveryStatusStore, dynamodb: DynamoDBClient
) -> None:
    assert store.record(feedback("delivered")) is UpdateResult.NO_ENTRY
    assert items(dynamodb) == []


@pytest.mark.parametrize("before", STATUSES)
def test_feedback_replaces_every_status_that_notify_writes(
    store: DeliveryStatusStore, dynamodb: DynamoDBClient, before: str
) -> None:
    put(dynamodb, before)
    assert store.record(feedback("delivered")) is UpdateResult.UPDATED
    assert status_in(dynamodb) == "delivered"


@pytest.mark.parametrize("status", RANKS)
def test_a_mail_that_ses_has_reported_is_not_sent_again(
    ledger: Ledger, store: DeliveryStatusStore, clock: FakeClock, status: str
) -> None:
    """Its sender died after the send: only SES knows that it went out."""
    must_claim(ledger)
    store.record(feedback(status))
    clock.advance(hours=1)
    for replay in (False, True):
        decision = claiming.claim(
            ledger,
            PendingWrites(),
            NOTIFICATION,
            owner="request-2",
            now=clock.now,
            lease_until=clock.now + timedelta(seconds=16),
            policy=UnknownPolicy.RESEND,
            replay=replay,
        )
        assert decision == Settled(status=status)


def test_a_mark_after_the_feedback_succeeds_and_keeps_the_feedback(
    ledger: Ledger, store: DeliveryStatusStore, dynamodb: DynamoDBClient
) -> None:
    claim = must_claim(ledger)
    store.record(feedback("delivered"))
    assert ledger.mark_sent(claim, provider_id="mail-1", now=NOW)
    (item,) = items(dynamodb)
    assert (item["status"], item["provider_id"]) == ("delivered", "mail-1")


def test_a_mark_of_another_owner_fails_after_the_feedback(ledger: Ledger, store: DeliveryStatusStore) -> None:
    claim = must_claim(ledger)
    store.record(feedback("delivered"))
    assert not ledger.mark_sent(replace(claim, owner="request-2"), provider_id="mail-2", now=NOW)


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError"])
def test_an_error_of_dynamodb_is_named_by_its_code(
    store: DeliveryStatusStore, dynamodb: DynamoDBClient, code: str
) -> None:
    with Stubber(dynamodb) as stubber:
        stubber.add_client_error("update_item", code, "about ada@example.com")
        with pytest.raises(LedgerUnavailableError, match=f"^{code}$"):
            store.record(feedback("delivered"))
