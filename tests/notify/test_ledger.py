"""The ledger, row by row, against moto's DynamoDB: one sender at a time, so its missing locks do not matter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.parsers import ResponseParserError
from botocore.stub import Stubber

from functions.notify.ledger import (
    Claim,
    Found,
    Ledger,
    LedgerUnavailableError,
    Notification,
    UnknownPolicy,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.notify.conftest import Clock

NOTIFICATION = Notification(order_id="ord_1", event_id="event-1", channel="mail")
LEASE = timedelta(seconds=16)


@dataclass
class Sender:
    """Claims in the name of one record of one invocation after another."""

    ledger: Ledger
    clock: Clock
    claims: int = 0

    def claim(self, *, owner: str | None = None, replay: bool = False) -> Claim | Found:
        self.claims += 1
        return self.ledger.claim(
            NOTIFICATION,
            owner=owner or f"request-{self.claims}",
            now=self.clock.now,
            lease_until=self.clock.now + LEASE,
            replay=replay,
        )

    def must_claim(self, *, replay: bool = False) -> Claim:
        claim = self.claim(replay=replay)
        assert isinstance(claim, Claim)
        return claim

    def die(self) -> Claim:
        """Claim, and never be heard of again."""
        claim = self.must_claim()
        self.clock.advance(seconds=17)
        return claim


@pytest.fixture
def sender(dynamodb: DynamoDBClient, clock: Clock) -> Sender:
    return Sender(ledger=Ledger(client=dynamodb, table="notifications"), clock=clock)


@pytest.fixture
def holding(sender: Sender) -> Sender:
    return replace(sender, ledger=replace(sender.ledger, unknown_policy=UnknownPolicy.HOLD))


def item(dynamodb: DynamoDBClient) -> dict[str, Any]:
    """What the table holds, without DynamoDB's types."""
    (found,) = dynamodb.scan(TableName="notifications")["Items"]
    return {name: next(iter(value.values())) for name, value in found.items()}


def test_a_new_notification_is_claimed(sender: Sender, dynamodb: DynamoDBClient, clock: Clock) -> None:
    assert sender.claim() == Claim(notification=NOTIFICATION, owner="request-1", attempts=1, possible_duplicate=False)
    assert item(dynamodb) == {
        "order_id": "ord_1",
        "notification_id": "event-1#mail",
        "status": "claimed",
        "owner": "request-1",
        "attempts": "1",
        "lease_until": str((clock.now + LEASE).timestamp()),
        "updated_at": "2026-11-22T10:20:00+00:00",
        "expires_at": str(int((clock.now + timedelta(days=30)).timestamp())),
    }


def test_a_running_claim_is_left_alone(sender: Sender, clock: Clock) -> None:
    sender.must_claim()
    clock.advance(seconds=15.9)
    assert sender.claim() == Found(status="claimed")


def test_the_owner_finds_its_own_claim_again(sender: Sender) -> None:
    claim = sender.claim(owner="request-1")
    assert sender.claim(owner="request-1") == claim


def test_a_sent_notification_is_not_sent_again(sender: Sender, dynamodb: DynamoDBClient, clock: Clock) -> None:
    assert sender.ledger.mark_sent(sender.must_claim(), provider_id="mail-1", now=clock.now)
    assert sender.claim() == Found(status="sent")
    assert item(dynamodb)["provider_id"] == "mail-1"


def test_a_write_that_is_repeated_finds_its_own_work(sender: Sender, clock: Clock) -> None:
    claim = sender.must_claim()
    assert sender.ledger.mark_sent(claim, provider_id="mail-1", now=clock.now)
    assert sender.ledger.mark_sent(claim, provider_id="mail-1", now=clock.now)


def test_a_waiting_notification_is_claimed_again_and_waiting_counts_no_attempt(sender: Sender, clock: Clock) -> None:
    for _ in range(5):
        claim = sender.must_claim()
        assert (claim.attempts, claim.possible_duplicate) == (1, False)
        assert sender.ledger.give_back(claim, now=clock.now)


def test_giving_back_twice_counts_once(sender: Sender, dynamodb: DynamoDBClient, clock: Clock) -> None:
    claim = sender.must_claim()
    assert sender.ledger.give_back(claim, now=clock.now)
    assert sender.ledger.give_back(claim, now=clock.now)
    assert item(dynamodb)["attempts"] == "0"


def test_a_claim_whose_lease_is_over_is_taken_over(sender: Sender, dynamodb: DynamoDBClient) -> None:
    sender.die()
    claim = sender.must_claim()
    assert (claim.owner, claim.attempts, claim.possible_duplicate) == ("request-2", 2, True)
    assert item(dynamodb)["possible_duplicate"] is True


def test_a_send_whose_answer_was_lost_is_taken_over_at_once(sender: Sender, clock: Clock) -> None:
    assert sender.ledger.mark_unknown(sender.must_claim(), now=clock.now)
    claim = sender.must_claim()
    assert (claim.attempts, claim.possible_duplicate) == (2, True)


def test_an_answer_that_the_provider_owes_to_everybody_counts_no_attempt(sender: Sender, clock: Clock) -> None:
    for number in range(5):
        claim = sender.must_claim()
        assert (claim.attempts, claim.possible_duplicate) == (1, number > 0)
        assert sender.ledger.mark_unknown(claim, counts=False, now=clock.now)


def test_a_possible_duplicate_stays_one_while_it_waits(sender: Sender, clock: Clock) -> None:
    sender.die()
    sender.ledger.give_back(sender.must_claim(), now=clock.now)
    claim = sender.must_claim()
    assert (claim.attempts, claim.possible_duplicate) == (2, True)


def test_after_three_attempts_a_claim_is_there_to_give_up(sender: Sender, clock: Clock) -> None:
    assert [sender.die().is_exhausted for _ in range(5)] == [False, False, False, True, True]
    assert sender.ledger.mark_failed(sender.must_claim(), reason="dead", now=clock.now)
    assert sender.claim() == Found(status="failed")


def test_a_sender_whose_claim_was_taken_over_settles_nothing(
    sender: Sender, dynamodb: DynamoDBClient, clock: Clock
) -> None:
    late = sender.die()
    sender.must_claim()
    assert not sender.ledger.mark_sent(late, provider_id="mail-1", now=clock.now)
    assert not sender.ledger.mark_failed(late, reason="late", now=clock.now)
    assert not sender.ledger.mark_unknown(late, now=clock.now)
    assert not sender.ledger.give_back(late, now=clock.now)
    assert (item(dynamodb)["status"], item(dynamodb)["owner"]) == ("claimed", "request-2")


def test_a_sender_is_not_settled_by_nothing(sender: Sender, clock: Clock) -> None:
    claim = Claim(notification=NOTIFICATION, owner="nobody", attempts=1, possible_duplicate=False)
    assert not sender.ledger.mark_sent(claim, provider_id="mail-1", now=clock.now)


def test_by_policy_an_unknown_notification_is_held(holding: Sender, dynamodb: DynamoDBClient) -> None:
    holding.die()
    assert holding.claim() == Found(status="unknown")
    assert (item(dynamodb)["status"], item(dynamodb)["owner"]) == ("unknown", "request-1")
    assert holding.claim() == Found(status="unknown")


def test_by_policy_a_lost_answer_is_held(holding: Sender, clock: Clock) -> None:
    holding.ledger.mark_unknown(holding.must_claim(), now=clock.now)
    assert holding.claim() == Found(status="unknown")


def test_a_replay_claims_what_was_held(holding: Sender, clock: Clock) -> None:
    holding.ledger.mark_unknown(holding.must_claim(), now=clock.now)
    claim = holding.must_claim(replay=True)
    assert (claim.attempts, claim.possible_duplicate) == (1, True)


def test_a_replay_claims_what_failed_with_its_attempts_anew(sender: Sender, clock: Clock) -> None:
    for _ in range(3):
        sender.die()
    sender.ledger.mark_failed(sender.must_claim(), reason="dead", now=clock.now)
    claim = sender.must_claim(replay=True)
    assert (claim.attempts, claim.is_exhausted, claim.possible_duplicate) == (1, False, True)


@pytest.mark.parametrize("status", ["sent", "expired", "claimed", "delivered", "bounced"])
def test_a_replay_claims_nothing_else(sender: Sender, dynamodb: DynamoDBClient, clock: Clock, status: str) -> None:
    sender.must_claim()
    dynamodb.update_item(
        TableName="notifications",
        Key={"order_id": {"S": "ord_1"}, "notification_id": {"S": "event-1#mail"}},
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": {"S": status}},
    )
    assert sender.claim(replay=True) == Found(status=status)
    assert sender.claim() == Found(status=status)


def test_an_expired_notification_is_not_sent(sender: Sender, clock: Clock) -> None:
    sender.ledger.mark_expired(NOTIFICATION, owner="request-1", now=clock.now)
    assert sender.claim() == Found(status="expired")


def test_a_waiting_notification_expires(sender: Sender, clock: Clock) -> None:
    sender.ledger.give_back(sender.must_claim(), now=clock.now)
    sender.ledger.mark_expired(NOTIFICATION, owner="request-2", now=clock.now)
    assert sender.claim() == Found(status="expired")


def test_what_was_sent_does_not_expire(sender: Sender, dynamodb: DynamoDBClient, clock: Clock) -> None:
    sender.ledger.mark_sent(sender.must_claim(), provider_id="mail-1", now=clock.now)
    sender.ledger.mark_expired(NOTIFICATION, owner="request-2", now=clock.now)
    assert item(dynamodb)["status"] == "sent"


def test_of_two_that_take_over_one_wins(sender: Sender, dynamodb: DynamoDBClient) -> None:
    """The second finds the old claim, as the first did, but writes after it."""
    old = sender.die()
    with Stubber(dynamodb) as stubber:
        stubber.add_client_error(
            "update_item",
            "ConditionalCheckFailedException",
            modeled_fields={
                "Item": {
                    "status": {"S": "claimed"},
                    "owner": {"S": old.owner},
                    "attempts": {"N": "1"},
                    "lease_until": {"N": "0"},
                }
            },
        )
        stubber.add_client_error(
            "update_item",
            "ConditionalCheckFailedException",
            modeled_fields={"Item": {"status": {"S": "claimed"}, "owner": {"S": "other"}, "attempts": {"N": "2"}}},
        )
        assert sender.claim() == Found(status="claimed")


def test_a_take_over_that_is_repeated_finds_its_own_work(sender: Sender, dynamodb: DynamoDBClient) -> None:
    """The client asks once more after an answer that was lost; by then, the claim is its own."""
    old, item = sender.die(), {"status": {"S": "claimed"}, "attempts": {"N": "1"}, "lease_until": {"N": "0"}}
    mine = {"owner": {"S": "mine"}, "attempts": {"N": "2"}, "possible_duplicate": {"BOOL": True}}
    with Stubber(dynamodb) as stubber:
        for found in ({"owner": {"S": old.owner}}, mine):
            stubber.add_client_error(
                "update_item", "ConditionalCheckFailedException", modeled_fields={"Item": item | found}
            )
        assert sender.claim(owner="mine") == Claim(
            notification=NOTIFICATION, owner="mine", attempts=2, possible_duplicate=True
        )


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "ResourceNotFoundException"])
def test_an_error_of_dynamodb_is_named(sender: Sender, dynamodb: DynamoDBClient, code: str) -> None:
    with Stubber(dynamodb) as stubber:
        stubber.add_client_error("update_item", code, "about ada@example.com")
        with pytest.raises(LedgerUnavailableError, match=f"^{code}$"):
            sender.claim()


@pytest.mark.parametrize("error", [ReadTimeoutError(endpoint_url=""), ResponseParserError("no JSON")])
def test_an_answer_of_dynamodb_that_does_not_come_is_named(sender: Sender, clock: Clock, error: Exception) -> None:
    class Silent:
        exceptions = sender.ledger.client.exceptions

        def update_item(self, **_: Any) -> None:
            raise error

    deaf: Any = Silent()
    with pytest.raises(LedgerUnavailableError, match=f"^{type(error).__name__}$"):
        replace(sender, ledger=replace(sender.ledger, client=deaf)).claim()
