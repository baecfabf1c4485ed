"""The ledger, as SES's feedback moves it on: by rank, in whatever order and however often it comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import Stubber
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.notify.ledger import Claim, Found, Ledger, LedgerUnavailableError, Notification
from functions.notify.outcomes import Effect, Feedback, Outcome, Outcomes
from tests.notify.conftest import NOW, TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.notify.conftest import Clock

NOTIFICATION = Notification(order_id="ord_1", event_id="event-1", channel="mail")
RANKS = ["delayed", "soft_bounced", "rejected", "delivered", "bounced", "complained"]
STATUSES = ["claimed", "waiting", "unknown", "sent", "failed", "expired"]


def feedback(outcome: str, **changes: Any) -> Feedback:
    return replace(
        Feedback(
            order_id="ord_1",
            notification_id="event-1#mail",
            outcome=Outcome(outcome),
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
def outcomes(dynamodb: DynamoDBClient) -> Outcomes:
    return Outcomes(client=dynamodb, table=TABLE)


def must_claim(ledger: Ledger, *, owner: str = "request-1") -> Claim:
    claim = ledger.claim(NOTIFICATION, owner=owner, now=NOW, lease_until=NOW + timedelta(seconds=16))
    assert isinstance(claim, Claim)
    return claim


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
    """What the table holds, without DynamoDB's types."""
    found = dynamodb.scan(TableName=TABLE)["Items"]
    return [{name: next(iter(value.values())) for name, value in item.items()} for item in found]


def status(dynamodb: DynamoDBClient) -> str:
    (item,) = items(dynamodb)
    found: str = item["status"]
    return found


def test_the_ranks_are_those_of_the_documentation() -> None:
    assert sorted(Outcome, key=lambda outcome: outcome.rank) == RANKS


def test_what_became_of_a_mail_is_written_down(ledger: Ledger, outcomes: Outcomes, dynamodb: DynamoDBClient) -> None:
    ledger.mark_sent(must_claim(ledger), provider_id="mail-1", now=NOW)
    (before,) = items(dynamodb)
    assert outcomes.record(feedback("bounced", reason="Permanent/NoEmail")) is Effect.MOVED
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
def test_of_two_outcomes_the_one_of_higher_rank_stays(
    outcomes: Outcomes, dynamodb: DynamoDBClient, first: str, second: str
) -> None:
    put(dynamodb, "sent")
    assert outcomes.record(feedback(first)) is Effect.MOVED
    assert outcomes.record(feedback(second)) is Effect.MOVED
    assert outcomes.record(feedback(first, at=NOW + timedelta(days=1))) is Effect.KEPT
    assert status(dynamodb) == second


def test_an_event_that_comes_again_moves_nothing(outcomes: Outcomes, dynamodb: DynamoDBClient) -> None:
    put(dynamodb, "sent")
    assert outcomes.record(feedback("delivered")) is Effect.MOVED
    before = items(dynamodb)
    assert outcomes.record(feedback("delivered")) is Effect.KEPT
    assert items(dynamodb) == before


def test_a_second_delay_is_no_other_status(outcomes: Outcomes, dynamodb: DynamoDBClient) -> None:
    put(dynamodb, "sent")
    assert outcomes.record(feedback("delayed")) is Effect.MOVED
    assert outcomes.record(feedback("delayed", at=NOW + timedelta(hours=1))) is Effect.KEPT
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
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)  # each example puts its own item
def test_in_any_order_and_repetition_the_same_events_end_in_the_same_entry(
    outcomes: Outcomes, dynamodb: DynamoDBClient, data: st.DataObject, events: list[Feedback], before: str
) -> None:
    def after(sequence: Iterable[Feedback]) -> list[dict[str, Any]]:
        put(dynamodb, before)
        for event in sequence:
            outcomes.record(event)
        return items(dynamodb)

    repeated = events + data.draw(st.lists(st.sampled_from(events), max_size=5))
    expected = after(events)
    assert after(data.draw(st.permutations(repeated))) == expected
    assert status(dynamodb) == max((event.outcome for event in events), key=RANKS.index)


def test_feedback_of_an_unknown_notification_writes_nothing(outcomes: Outcomes, dynamodb: DynamoDBClient) -> None:
    assert outcomes.record(feedback("delivered")) is Effect.NO_ENTRY
    assert items(dynamodb) == []


@pytest.mark.parametrize("before", STATUSES)
def test_whatever_notify_has_written_gives_way(outcomes: Outcomes, dynamodb: DynamoDBClient, before: str) -> None:
    put(dynamodb, before)
    assert outcomes.record(feedback("delivered")) is Effect.MOVED
    assert status(dynamodb) == "delivered"


@pytest.mark.parametrize("outcome", RANKS)
def test_a_mail_that_ses_has_told_of_is_not_sent_again(
    ledger: Ledger, outcomes: Outcomes, clock: Clock, outcome: str
) -> None:
    """Its sender died after the send: only SES knows that it went out."""
    must_claim(ledger)
    outcomes.record(feedback(outcome))
    clock.advance(hours=1)
    for replay in (False, True):
        found = ledger.claim(
            NOTIFICATION, owner="request-2", now=clock.now, lease_until=clock.now + timedelta(seconds=16), replay=replay
        )
        assert found == Found(status=outcome)


def test_a_sender_may_hear_of_its_mail_later_than_the_ledger(
    ledger: Ledger, outcomes: Outcomes, dynamodb: DynamoDBClient
) -> None:
    claim = must_claim(ledger)
    outcomes.record(feedback("delivered"))
    assert ledger.mark_sent(claim, provider_id="mail-1", now=NOW)
    (item,) = items(dynamodb)
    assert (item["status"], item["provider_id"]) == ("delivered", "mail-1")


def test_feedback_settles_no_claim_of_another(ledger: Ledger, outcomes: Outcomes) -> None:
    claim = must_claim(ledger)
    outcomes.record(feedback("delivered"))
    assert not ledger.mark_sent(replace(claim, owner="request-2"), provider_id="mail-2", now=NOW)


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError"])
def test_an_error_of_dynamodb_is_named(outcomes: Outcomes, dynamodb: DynamoDBClient, code: str) -> None:
    with Stubber(dynamodb) as stubber:
        stubber.add_client_error("update_item", code, "about ada@example.com")
        with pytest.raises(LedgerUnavailableError, match=f"^{code}$"):
            outcomes.record(feedback("delivered"))
