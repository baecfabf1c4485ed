"""The ledger and the claims on it, against moto's DynamoDB: one sender at a time, since moto has no locks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.parsers import ResponseParserError
from botocore.stub import Stubber

from functions.notify.domain.decisions import (
    AfterClaim,
    Decision,
    Expire,
    FinishWrite,
    GiveUp,
    Hold,
    MakeClaim,
    Reclaim,
    Send,
    Settled,
    Wait,
    decide,
    decide_claimed,
    decide_too_old,
    is_exhausted,
    is_too_old,
)
from functions.notify.domain.notification import Claim, Entry, Notification, Status, UnknownPolicy
from functions.notify.feedback.delivery_status import DeliveryStatus
from functions.notify.ledger.entry_item import entry_of
from functions.notify.ledger.ledger import Ledger
from functions.notify.ledger.unavailable import LedgerUnavailableError
from functions.notify.notifying import claiming
from functions.notify.notifying.pending_writes import PendingWrites
from tests.exception_classes import make_classes_at_each_use
from tests.notify.fakes import NOW
from tests.notify.state_rows import FOUND, MAX_AGE, OURS, PAUSING, RESEND

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.notify.fakes import FakeClock

NOTIFICATION = Notification(key="ord_1", event_id="event-1", channel="mail")
LEASE = timedelta(seconds=16)


@dataclass
class Sender:
    """Claims for one record, in one invocation after another."""

    ledger: Ledger
    clock: FakeClock
    policy: UnknownPolicy = UnknownPolicy.RESEND
    claims: int = 0
    pending_writes: PendingWrites = field(default_factory=PendingWrites)

    def claim(self, *, owner: str | None = None, replay: bool = False) -> Claim | AfterClaim:
        """Claim as the notifier does; return the claim if it was made, else the decision."""
        decision = self.decide(owner=owner, replay=replay)
        return decision.claim if isinstance(decision, Send | GiveUp) else decision

    def decide(self, *, owner: str | None, replay: bool) -> AfterClaim:
        """Claim as the notifier does, and return the decision."""
        self.claims += 1
        return claiming.claim(
            self.ledger,
            self.pending_writes,
            NOTIFICATION,
            owner=owner or f"request-{self.claims}",
            now=self.clock.now,
            lease_until=self.clock.now + LEASE,
            policy=self.policy,
            replay=replay,
        )

    def expire(self, *, owner: str) -> Expire | Settled:
        """Expire as the notifier does, and return the decision."""
        return claiming.expire(self.ledger, self.pending_writes, NOTIFICATION, owner=owner, now=self.clock.now)

    def must_claim(self, *, replay: bool = False) -> Claim:
        claim = self.claim(replay=replay)
        assert isinstance(claim, Claim)
        return claim

    def die(self) -> Claim:
        """Claim, and die before the send is marked."""
        claim = self.must_claim()
        self.clock.advance(seconds=17)
        return claim


@pytest.fixture
def sender(dynamodb: DynamoDBClient, clock: FakeClock) -> Sender:
    return Sender(ledger=Ledger(client=dynamodb, table="notifications"), clock=clock)


@pytest.fixture
def holding(sender: Sender) -> Sender:
    return replace(sender, policy=UnknownPolicy.HOLD)


def item(dynamodb: DynamoDBClient) -> dict[str, Any]:
    """Return the table's content, without DynamoDB's types."""
    (found,) = dynamodb.scan(TableName="notifications")["Items"]
    return {name: next(iter(value.values())) for name, value in found.items()}


def test_a_new_notification_is_claimed(sender: Sender, dynamodb: DynamoDBClient, clock: FakeClock) -> None:
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


def test_a_claim_whose_lease_runs_is_left_alone(sender: Sender, clock: FakeClock) -> None:
    sender.must_claim()
    clock.advance(seconds=15.9)
    assert sender.claim() == Wait()


def test_the_owner_that_claims_twice_has_its_claim(sender: Sender) -> None:
    claim = sender.claim(owner="request-1")
    assert sender.claim(owner="request-1") == claim


def test_a_sent_notification_is_not_sent_again(sender: Sender, dynamodb: DynamoDBClient, clock: FakeClock) -> None:
    assert sender.ledger.mark_sent(sender.must_claim(), provider_id="mail-1", now=clock.now)
    assert sender.claim() == Settled(status="sent")
    assert item(dynamodb)["provider_id"] == "mail-1"


def test_a_mark_that_is_written_twice_succeeds_twice(sender: Sender, clock: FakeClock) -> None:
    claim = sender.must_claim()
    assert sender.ledger.mark_sent(claim, provider_id="mail-1", now=clock.now)
    assert sender.ledger.mark_sent(claim, provider_id="mail-1", now=clock.now)


def test_a_waiting_notification_is_claimed_and_waiting_counts_no_attempt(sender: Sender, clock: FakeClock) -> None:
    for _ in range(5):
        claim = sender.must_claim()
        assert (claim.attempts, claim.possible_duplicate) == (1, False)
        assert sender.ledger.release(claim, now=clock.now)


def test_a_claim_that_is_released_twice_counts_once(sender: Sender, dynamodb: DynamoDBClient, clock: FakeClock) -> None:
    claim = sender.must_claim()
    assert sender.ledger.release(claim, now=clock.now)
    assert sender.ledger.release(claim, now=clock.now)
    assert item(dynamodb)["attempts"] == "0"


def test_a_claim_whose_lease_is_over_is_reclaimed(sender: Sender, dynamodb: DynamoDBClient) -> None:
    sender.die()
    claim = sender.must_claim()
    assert (claim.owner, claim.attempts, claim.possible_duplicate) == ("request-2", 2, True)
    assert item(dynamodb)["possible_duplicate"] is True


def test_a_send_whose_answer_was_lost_is_reclaimed_at_once(sender: Sender, clock: FakeClock) -> None:
    assert sender.ledger.mark_unknown(sender.must_claim(), now=clock.now)
    claim = sender.must_claim()
    assert (claim.attempts, claim.possible_duplicate) == (2, True)


def test_a_lost_answer_counts_no_attempt_while_the_provider_answers_nobody(sender: Sender, clock: FakeClock) -> None:
    for number in range(5):
        claim = sender.must_claim()
        assert (claim.attempts, claim.possible_duplicate) == (1, number > 0)
        assert sender.ledger.mark_unknown(claim, counts=False, now=clock.now)


def test_nobody_claims_a_notification_before_its_pause_is_over(
    sender: Sender, dynamodb: DynamoDBClient, clock: FakeClock
) -> None:
    assert sender.ledger.release(sender.must_claim(), counts=True, pause=timedelta(seconds=120), now=clock.now)
    clock.advance(seconds=119.9)
    assert sender.claim() == PAUSING
    assert (item(dynamodb)["status"], item(dynamodb)["attempts"]) == ("waiting", "1")
    clock.advance(seconds=0.1)
    claim = sender.must_claim()
    assert (claim.attempts, claim.possible_duplicate) == (2, False)
    assert sender.ledger.release(claim, now=clock.now)
    assert sender.must_claim().attempts == 2, "a pause that is over holds up nobody"


def test_a_sender_marks_its_mail_though_another_worker_holds_it_meanwhile(
    holding: Sender, dynamodb: DynamoDBClient, clock: FakeClock
) -> None:
    late = holding.die()
    assert holding.claim() == Hold()
    assert holding.ledger.mark_sent(late, provider_id="mail-1", now=clock.now)
    assert (item(dynamodb)["status"], item(dynamodb)["provider_id"]) == ("sent", "mail-1")


def test_a_possible_duplicate_stays_one_while_it_waits(sender: Sender, clock: FakeClock) -> None:
    sender.die()
    sender.ledger.release(sender.must_claim(), now=clock.now)
    claim = sender.must_claim()
    assert (claim.attempts, claim.possible_duplicate) == (2, True)


def test_a_claim_after_three_attempts_is_exhausted(sender: Sender, clock: FakeClock) -> None:
    assert [is_exhausted(sender.die()) for _ in range(5)] == [False, False, False, True, True]
    assert sender.ledger.mark_failed(sender.must_claim(), reason="dead", now=clock.now)
    assert sender.claim() == Settled(status="failed")


def test_a_sender_whose_claim_was_reclaimed_settles_nothing(
    sender: Sender, dynamodb: DynamoDBClient, clock: FakeClock
) -> None:
    late = sender.die()
    sender.must_claim()
    assert not sender.ledger.mark_sent(late, provider_id="mail-1", now=clock.now)
    assert not sender.ledger.mark_failed(late, reason="late", now=clock.now)
    assert not sender.ledger.mark_unknown(late, now=clock.now)
    assert not sender.ledger.release(late, now=clock.now)
    assert (item(dynamodb)["status"], item(dynamodb)["owner"]) == ("claimed", "request-2")


def test_a_sender_without_an_entry_settles_nothing(sender: Sender, clock: FakeClock) -> None:
    claim = Claim(notification=NOTIFICATION, owner="nobody", attempts=1, possible_duplicate=False)
    assert not sender.ledger.mark_sent(claim, provider_id="mail-1", now=clock.now)


def test_the_policy_hold_holds_a_claim_whose_lease_is_over(holding: Sender, dynamodb: DynamoDBClient) -> None:
    holding.die()
    assert holding.claim() == Hold()
    assert (item(dynamodb)["status"], item(dynamodb)["owner"]) == ("unknown", "request-1")
    assert holding.claim() == Hold()


def test_the_policy_hold_holds_a_notification_whose_answer_was_lost(holding: Sender, clock: FakeClock) -> None:
    holding.ledger.mark_unknown(holding.must_claim(), now=clock.now)
    assert holding.claim() == Hold()


def test_a_replay_claims_a_held_notification(holding: Sender, clock: FakeClock) -> None:
    holding.ledger.mark_unknown(holding.must_claim(), now=clock.now)
    claim = holding.must_claim(replay=True)
    assert (claim.attempts, claim.possible_duplicate) == (1, True)


def test_a_replay_claims_a_failed_notification_and_counts_its_attempts_from_one(
    sender: Sender, clock: FakeClock
) -> None:
    for _ in range(3):
        sender.die()
    sender.ledger.mark_failed(sender.must_claim(), reason="dead", now=clock.now)
    claim = sender.must_claim(replay=True)
    assert (claim.attempts, is_exhausted(claim), claim.possible_duplicate) == (1, False, True)


@pytest.mark.parametrize("status", ["sent", "expired", "claimed", "delivered", "bounced"])
def test_a_replay_claims_no_notification_of_another_status(
    sender: Sender, dynamodb: DynamoDBClient, clock: FakeClock, status: str
) -> None:
    in_status(sender, dynamodb, status)
    expected = Wait() if status == "claimed" else Settled(status=status)
    assert sender.claim(replay=True) == expected
    assert sender.claim() == expected


def test_an_expired_notification_is_not_sent(sender: Sender, clock: FakeClock) -> None:
    sender.ledger.mark_expired(NOTIFICATION, owner="request-1", now=clock.now)
    assert sender.claim() == Settled(status="expired")


def test_a_waiting_notification_expires(sender: Sender, clock: FakeClock) -> None:
    sender.ledger.release(sender.must_claim(), now=clock.now)
    sender.ledger.mark_expired(NOTIFICATION, owner="request-2", now=clock.now)
    assert sender.claim() == Settled(status="expired")


def test_a_sent_notification_does_not_expire(sender: Sender, dynamodb: DynamoDBClient, clock: FakeClock) -> None:
    sender.ledger.mark_sent(sender.must_claim(), provider_id="mail-1", now=clock.now)
    sender.ledger.mark_expired(NOTIFICATION, owner="request-2", now=clock.now)
    assert item(dynamodb)["status"] == "sent"


@pytest.mark.parametrize("status", [None, *Status, *DeliveryStatus])
def test_dynamodbs_condition_expires_exactly_what_the_rule_does(
    sender: Sender, dynamodb: DynamoDBClient, clock: FakeClock, status: str | None
) -> None:
    found = in_status(sender, dynamodb, status) if status else None
    decision = decide_too_old(found, owner="request-2")
    assert sender.expire(owner="request-2") == decision
    assert (item(dynamodb)["owner"] == "request-2") == isinstance(decision, Expire)
    assert item(dynamodb)["status"] == ("expired" if isinstance(decision, Expire) else status)


@pytest.mark.parametrize(("found", "situation", "decision"), FOUND)
def test_dynamodbs_conditions_claim_expire_and_hold_exactly_what_the_rule_does(
    sender: Sender, dynamodb: DynamoDBClient, found: Entry | None, situation: dict[str, Any], decision: Decision
) -> None:
    values: dict[str, Any] = {"owner": OURS, "now": NOW, "policy": RESEND, "max_age": MAX_AGE, **situation}
    assert decide(found, **values) == decision
    repeated: list[str] = []

    def change_nothing() -> bool:
        repeated.append("and the same entry is found")
        return False

    if found:
        store(dynamodb, found)
        if situation.get("has_pending_write"):
            sender.pending_writes.add(found.claim, change_nothing)
    age, replay = situation.get("age", timedelta()), situation.get("replay", False)
    carried_out: Expire | AfterClaim
    if is_too_old(age, max_age=values["max_age"], replay=replay):
        carried_out = sender.expire(owner=OURS)
    else:
        policy = situation.get("policy", RESEND)
        carried_out = replace(sender, policy=policy).decide(owner=OURS, replay=replay)
    assert bool(repeated) == (decision == FinishWrite())
    assert carried_out == written(decide(found, **{**values, "has_pending_write": False}), found)
    if isinstance(carried_out, Send | GiveUp):
        entry = ("claimed", OURS)
    elif isinstance(carried_out, Expire):
        entry = ("expired", OURS)
    else:
        assert found
        entry = ("unknown" if isinstance(carried_out, Hold) else found.status, found.owner)
    assert (item(dynamodb)["status"], item(dynamodb)["owner"]) == entry


def written(decision: Decision, found: Entry | None) -> Expire | AfterClaim:
    """Return what the worker does next once a decision is written: after a claim, what follows from the claim."""
    assert not isinstance(decision, FinishWrite)
    match decision:
        case MakeClaim():
            restarts = possible_duplicate = False
        case Reclaim(restarts=restarts, possible_duplicate=possible_duplicate):
            pass
        case _:
            return decision
    earlier = 0 if found is None or restarts else found.attempts
    return decide_claimed(
        Claim(notification=NOTIFICATION, owner=OURS, attempts=earlier + 1, possible_duplicate=possible_duplicate)
    )


def store(dynamodb: DynamoDBClient, entry: Entry) -> None:
    """Put an entry into the table."""
    dynamodb.put_item(
        TableName="notifications",
        Item={
            "order_id": {"S": entry.notification.key},
            "notification_id": {"S": entry.notification.id},
            "status": {"S": entry.status},
            "owner": {"S": entry.owner},
            "attempts": {"N": str(entry.attempts)},
            "lease_until": {"N": str(entry.lease_until.timestamp())},
            "retry_at": {"N": str(entry.retry_at.timestamp())},
        },
    )


def test_an_expiry_whose_first_answer_was_lost_is_an_expiry(sender: Sender) -> None:
    for _ in range(2):  # the client repeats the call, as one owner
        assert sender.expire(owner="request-1") == Expire()


def in_status(sender: Sender, dynamodb: DynamoDBClient, status: str) -> Entry:
    """Claim the notification, give its entry another status, and return the entry."""
    sender.must_claim()
    answer = dynamodb.update_item(
        TableName="notifications",
        Key={"order_id": {"S": "ord_1"}, "notification_id": {"S": "event-1#mail"}},
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": {"S": status}},
        ReturnValues="ALL_NEW",
    )
    return entry_of(NOTIFICATION, answer["Attributes"])


def test_one_of_two_workers_that_reclaim_wins(sender: Sender, dynamodb: DynamoDBClient) -> None:
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
        assert sender.claim() == Wait()


def test_a_failed_condition_is_told_by_its_code_and_not_by_a_class_of_botocore(
    sender: Sender, dynamodb: DynamoDBClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sender.ledger.mark_sent(sender.must_claim(), provider_id="mail-1", now=clock.now)
    make_classes_at_each_use(dynamodb, monkeypatch)
    assert sender.claim() == Settled(status="sent")


def test_a_reclaim_that_is_written_twice_succeeds(sender: Sender, dynamodb: DynamoDBClient) -> None:
    """The client repeats the write after a lost answer; by then, the claim is its own."""
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
def test_an_error_of_dynamodb_is_named_by_its_code(sender: Sender, dynamodb: DynamoDBClient, code: str) -> None:
    with Stubber(dynamodb) as stubber:
        stubber.add_client_error("update_item", code, "about ada@example.com")
        with pytest.raises(LedgerUnavailableError, match=f"^{code}$"):
            sender.claim()


@pytest.mark.parametrize("error", [ReadTimeoutError(endpoint_url=""), ResponseParserError("no JSON")])
def test_a_missing_answer_of_dynamodb_is_named_by_its_error(
    sender: Sender, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def hang(**_: Any) -> None:
        raise error

    monkeypatch.setattr(dynamodb, "update_item", hang)
    with pytest.raises(LedgerUnavailableError, match=f"^{type(error).__name__}$"):
        sender.claim()
