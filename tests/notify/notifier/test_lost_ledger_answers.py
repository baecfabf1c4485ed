"""A ledger that does not answer: a claim without a send is no attempt and no possible duplicate; a mail is marked."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from functions.notify.domain.decisions import MAX_ATTEMPTS
from functions.notify.domain.notification import UnknownPolicy
from functions.notify.ledger.batch_writer import BatchWriter
from functions.notify.notifying.pending_writes import PendingWrites
from tests.notify.notifier.deliveries import DONE, LATER, LOST, RETRY, Mapping, messages_of
from tests.notify.notifier.lossy_dynamodb import Loss, LossyDynamoDb
from tests.notify.samples import TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.notify.fakes import FakeQueue, FakeSes

# A record is delivered this often at most, and afterwards twice more, though it is done.
MAX_DELIVERIES, REPEATED = 60, 2
REPLAY = {"replay": b""}
REFUSED = ClientError({"Error": {"Code": "MessageRejected"}}, "SendEmail")
RESEND, HOLD = UnknownPolicy.RESEND, UnknownPolicy.HOLD


@dataclass
class RefusedBatches:
    """A DynamoDB that refuses every statement of a batch, and notes their kinds."""

    calls: list[str] = field(default_factory=list)

    def batch_execute_statement(self, **request: Any) -> Any:
        [statement] = request["Statements"]
        self.calls.append(statement["Statement"].split()[0])
        return {"Responses": [{"Error": {"Code": "ConditionalCheckFailed"}}]}


@pytest.fixture
def lossy(dynamodb: DynamoDBClient) -> LossyDynamoDb:
    return LossyDynamoDb(client=dynamodb)


@pytest.fixture
def mapping(mapping: Mapping, lossy: LossyDynamoDb) -> Mapping:
    """The mapping of the other tests, on a ledger that may lose answers."""
    client: Any = lossy
    notifier = mapping.notifier
    return replace(mapping, notifier=replace(notifier, ledger=replace(notifier.ledger, client=client)))


@pytest.fixture
def other(mapping: Mapping) -> Mapping:
    """Another environment, which knows nothing of the writes of the first."""
    return replace(mapping, notifier=replace(mapping.notifier, pending_writes=PendingWrites()), invocations=1000)


def entry(dynamodb: DynamoDBClient) -> tuple[str, int, bool]:
    """Return the status, the attempts and the mark as a possible duplicate of the only entry."""
    [item] = dynamodb.scan(TableName=TABLE)["Items"]
    return item["status"]["S"], int(item["attempts"]["N"]), item.get("possible_duplicate", {"BOOL": False})["BOOL"]


def holding(mapping: Mapping) -> Mapping:
    return replace(mapping, notifier=replace(mapping.notifier, unknown_policy=HOLD))


def test_a_claim_whose_answer_was_lost_is_released_and_is_no_attempt(
    mapping: Mapping,
    other: Mapping,
    lossy: LossyDynamoDb,
    ses: FakeSes,
    dynamodb: DynamoDBClient,
    logs: list[dict[str, Any]],
) -> None:
    for _ in range(MAX_ATTEMPTS + 1):
        lossy.lose(Loss.ANSWER)
        assert mapping.deliver() is RETRY
        assert entry(dynamodb) == ("waiting", 0, False)
    assert messages_of(logs)[:2] == ["notification deferred", "pending writes to the ledger made"]
    assert ses.sent == []
    assert other.deliver() is DONE
    assert entry(dynamodb) == ("sent", 1, False)


def test_a_lost_claim_that_could_not_be_released_is_released_at_the_next_invocation(
    mapping: Mapping, other: Mapping, lossy: LossyDynamoDb, dynamodb: DynamoDBClient
) -> None:
    lossy.lose(Loss.ANSWER, Loss.WRITE)
    assert mapping.deliver() is RETRY
    assert entry(dynamodb) == ("claimed", 1, False)
    assert other.deliver() is RETRY, "nobody else knows that nothing was sent"
    assert mapping.deliver(b"a record of another order") is DONE
    assert other.deliver() is DONE
    assert entry(dynamodb) == ("sent", 1, False)


@pytest.mark.parametrize("policy", UnknownPolicy)
@pytest.mark.parametrize("seconds", [0, 3600], ids=["lease running", "lease over"])
def test_an_environment_that_finds_its_unsent_claim_sends_at_once(
    mapping: Mapping,
    lossy: LossyDynamoDb,
    ses: FakeSes,
    dynamodb: DynamoDBClient,
    policy: UnknownPolicy,
    seconds: int,
) -> None:
    mapping.notifier = replace(mapping.notifier, unknown_policy=policy)
    lossy.lose(Loss.DELAY)
    assert mapping.deliver() is RETRY
    lossy.make_delayed()  # after its release
    assert entry(dynamodb) == ("claimed", 1, False)
    mapping.clock.advance(seconds=seconds)
    assert mapping.deliver() is DONE
    assert entry(dynamodb) == ("sent", 1, False)
    assert len(ses.sent) == 1


def test_an_unsent_claim_on_a_possible_duplicate_leaves_it_one(
    mapping: Mapping, lossy: LossyDynamoDb, ses: FakeSes, dynamodb: DynamoDBClient
) -> None:
    ses.answers = [LOST]
    assert mapping.deliver() is RETRY
    attempts = entry(dynamodb)[1]
    lossy.lose(None, Loss.ANSWER, Loss.WRITE, Loss.WRITE)  # the reclaim, its release, and once more
    assert mapping.deliver() is RETRY
    assert entry(dynamodb) == ("claimed", attempts + 1, True)
    assert mapping.deliver() is DONE
    assert entry(dynamodb) == ("sent", attempts + 1, True)


@pytest.mark.parametrize("losses", [[None, Loss.ANSWER], [None, Loss.ANSWER, Loss.WRITE, Loss.WRITE]])
def test_an_unsent_replay_of_a_held_mail_leaves_it_held(
    mapping: Mapping,
    other: Mapping,
    lossy: LossyDynamoDb,
    ses: FakeSes,
    dynamodb: DynamoDBClient,
    losses: list[Loss | None],
) -> None:
    mapping, other = holding(mapping), holding(other)
    ses.answers = [LOST]
    assert mapping.deliver() is DONE
    lossy.lose(*losses)
    assert mapping.deliver(headers=REPLAY) is RETRY
    assert mapping.deliver(b"a record of another order") is DONE
    assert entry(dynamodb)[0] == "unknown"
    assert other.deliver() is DONE
    assert mapping.deliver() is DONE
    assert entry(dynamodb)[0] == "unknown"
    assert len(ses.sent) == 1, "nobody but a person decides that it is sent"
    assert mapping.deliver(headers=REPLAY) is DONE
    assert entry(dynamodb) == ("sent", 1, True)


def test_an_unsent_replay_of_a_failed_mail_leaves_it_failed(
    mapping: Mapping, other: Mapping, lossy: LossyDynamoDb, ses: FakeSes, dynamodb: DynamoDBClient
) -> None:
    ses.answers = [REFUSED]
    assert mapping.deliver() is DONE
    lossy.lose(None, Loss.ANSWER)
    assert mapping.deliver(headers=REPLAY) is RETRY
    assert entry(dynamodb)[0] == "failed"
    assert other.deliver() is DONE
    assert len(ses.sent) == 1, "nobody but a person decides that it is sent again"
    assert mapping.deliver(headers=REPLAY) is DONE
    assert entry(dynamodb) == ("sent", 1, False)


def test_an_unsent_claim_expires_with_its_event(
    mapping: Mapping, lossy: LossyDynamoDb, ses: FakeSes, dynamodb: DynamoDBClient
) -> None:
    lossy.lose(Loss.DELAY)
    assert mapping.deliver() is RETRY
    lossy.make_delayed()
    mapping.clock.advance(days=3)
    assert mapping.deliver() is DONE
    assert entry(dynamodb)[0] == "expired"
    assert ses.sent == []


def test_a_sent_mail_that_was_not_marked_is_marked_at_the_next_invocation(
    mapping: Mapping, lossy: LossyDynamoDb, ses: FakeSes, dynamodb: DynamoDBClient
) -> None:
    lossy.lose(None, Loss.WRITE, Loss.WRITE)
    assert mapping.deliver() is DONE
    assert entry(dynamodb)[0] == "claimed"
    mapping.clock.advance(days=1)
    assert mapping.deliver(b"a record of another order") is DONE
    assert entry(dynamodb) == ("sent", 1, False)
    [item] = dynamodb.scan(TableName=TABLE)["Items"]
    assert item["sent_at"]["S"] == "2026-11-22T10:20:00+00:00", "when it was sent, and not when that was written"


def test_a_mark_that_is_repeated_is_one_call_and_not_first_one_of_a_batch(
    mapping: Mapping, dynamodb: DynamoDBClient, lossy: LossyDynamoDb
) -> None:
    batches = RefusedBatches()
    notifier = mapping.notifier
    mapping.notifier = replace(notifier, ledger=replace(notifier.ledger, batch_writer=BatchWriter(batches)))
    lossy.lose(None, Loss.WRITE)
    assert mapping.deliver() is DONE
    assert entry(dynamodb) == ("sent", 1, False)
    assert batches.calls == ["INSERT", "UPDATE"], "the mark's second call, which was made, is not among them"


@pytest.mark.parametrize("policy", UnknownPolicy)
def test_an_environment_that_finds_a_mail_that_it_sent_marks_it_and_does_not_send_it_again(
    mapping: Mapping, lossy: LossyDynamoDb, ses: FakeSes, dynamodb: DynamoDBClient, policy: UnknownPolicy
) -> None:
    mapping.notifier = replace(mapping.notifier, unknown_policy=policy)
    lossy.lose(None, Loss.WRITE, Loss.WRITE, Loss.WRITE)  # the last at the start of the next invocation
    assert mapping.deliver() is DONE
    mapping.clock.advance(seconds=17)
    assert mapping.deliver() is DONE
    assert entry(dynamodb) == ("sent", 1, False)
    assert len(ses.sent) == 1


def test_a_mail_that_another_environment_holds_is_marked_by_the_one_that_sent_it(
    mapping: Mapping, other: Mapping, lossy: LossyDynamoDb, ses: FakeSes, dynamodb: DynamoDBClient
) -> None:
    mapping, other = holding(mapping), holding(other)
    lossy.lose(None, Loss.WRITE, Loss.WRITE)
    assert mapping.deliver() is DONE
    mapping.clock.advance(seconds=17)
    assert other.deliver() is DONE
    assert entry(dynamodb) == ("unknown", 1, False)
    assert mapping.deliver(b"a record of another order") is DONE
    assert entry(dynamodb) == ("sent", 1, False)
    assert len(ses.sent) == 1


def test_what_an_environment_knew_is_lost_with_it(
    mapping: Mapping, other: Mapping, lossy: LossyDynamoDb, ses: FakeSes, dynamodb: DynamoDBClient
) -> None:
    lossy.lose(None, Loss.WRITE, Loss.WRITE)
    assert mapping.deliver() is DONE
    mapping.clock.advance(seconds=17)
    assert other.deliver() is DONE
    assert entry(dynamodb) == ("sent", 2, True)
    assert len(ses.sent) == 2


def test_a_mail_that_was_deferred_does_not_wait_for_its_lease_if_its_release_was_lost(
    mapping: Mapping, lossy: LossyDynamoDb, ses: FakeSes, dynamodb: DynamoDBClient
) -> None:
    ses.answers = [LATER]
    lossy.lose(None, Loss.WRITE, Loss.WRITE)
    assert mapping.deliver() is RETRY
    assert entry(dynamodb)[0] == "claimed"
    assert mapping.deliver() is DONE
    assert entry(dynamodb) == ("sent", 1, False)


def test_a_dead_lettered_record_is_neither_sent_nor_dead_lettered_again_if_its_mark_was_lost(
    mapping: Mapping, lossy: LossyDynamoDb, queue: FakeQueue, dynamodb: DynamoDBClient
) -> None:
    mapping.event["data"]["total"] = "much"
    lossy.lose(None, Loss.WRITE, Loss.WRITE)
    assert mapping.deliver() is RETRY
    assert mapping.deliver() is DONE
    assert entry(dynamodb) == ("failed", 1, False)
    assert len(queue.messages) == 1


@pytest.mark.parametrize("records", [12, pytest.param(40, marks=pytest.mark.proof)])
@pytest.mark.parametrize(
    ("losses", "seconds", "policy"),
    [
        pytest.param([Loss.ANSWER], 15, RESEND, id="answers are lost"),
        pytest.param([Loss.ANSWER], 6, RESEND, id="answers are lost, and no time is left for a second write"),
        pytest.param([*Loss], 15, RESEND, id="writes are lost or late"),
        pytest.param([*Loss], 6, RESEND, id="writes are lost or late, and no time is left for a second write"),
        pytest.param([*Loss], 15, HOLD, id="writes are lost or late, policy hold"),
    ],
)
def test_half_of_the_answers_of_dynamodb_are_lost(
    mapping: Mapping,
    lossy: LossyDynamoDb,
    ses: FakeSes,
    queue: FakeQueue,
    dynamodb: DynamoDBClient,
    losses: list[Loss],
    seconds: int,
    policy: UnknownPolicy,
    records: int,
) -> None:
    chance = random.Random(f"{losses} {seconds} {policy}")  # noqa: S311 - the seed is fixed
    lossy.next_loss = lambda: chance.choice(losses) if chance.random() < 0.5 else None
    lossy.is_late_enough = lambda: chance.random() < 0.5
    mapping.notifier = replace(mapping.notifier, unknown_policy=policy)
    ses.before_answer = lambda _: mapping.clock.advance(seconds=2)
    without_answer: set[str] = set()
    for number in range(records):
        record = mapping.event | {"id": f"event-{number}"}
        sends: list[str | Exception] = chance.choices([LATER, LOST, "mail", "mail", "mail"], k=MAX_DELIVERIES)
        ses.answers = sends
        for _ in range(MAX_DELIVERIES):
            before = sends.count(LOST)
            result = mapping.deliver(record, offset=number, seconds=seconds)
            if sends.count(LOST) < before:
                without_answer.add(f"event-{number}#mail")
            mapping.clock.advance(seconds=chance.choice([0, 1, 20]))
            if result is DONE:
                break
        assert result is DONE, "a record is not delivered for ever"
        asked = len(ses.sent)
        for _ in range(REPEATED):
            mapping.deliver(record, offset=number, seconds=seconds)
            mapping.clock.advance(seconds=20)
        assert len(ses.sent) == asked, "what is done is not sent again, whatever its entry says"
    assert lossy.lost > 2 * records
    for _ in range(20):
        mapping.deliver(b"a record of another order")
    lossy.make_delayed()
    entries = {
        item["notification_id"]["S"]: (item["status"]["S"], item.get("possible_duplicate", {"BOOL": False})["BOOL"])
        for item in dynamodb.scan(TableName=TABLE)["Items"]
    }
    assert len(entries) == records
    assert {found for name, found in entries.items() if name not in without_answer} == {("sent", False)}
    assert records / 2 < records - len(without_answer) < records
    assert {entries[name] for name in without_answer} == {("sent", True) if policy is RESEND else ("unknown", False)}
    assert set(queue.reasons) == {"the value is not JSON"}
    assert len(Counter(mail["EmailTags"][1]["Value"] for mail in ses.sent)) == records
