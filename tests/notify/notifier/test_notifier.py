"""The notifier, one record at a time: the mails, the ledger, the result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from functions.notify.domain.decisions import MAX_ATTEMPTS
from functions.notify.ledger.ledger import Ledger
from functions.notify.ledger.unavailable import LedgerUnavailableError
from tests.notify.notifier.deliveries import (
    ADDRESS,
    DONE,
    LATER,
    LOST,
    RETRY,
    Mapping,
    messages_of,
    status,
)
from tests.notify.samples import TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.notify.domain.notification import Entry, Notification
    from tests.notify.fakes import FakeClock, FakeQueue, FakeSes
    from tests.notify.samples import RecordMaker


def test_the_notifier_confirms_a_paid_order_once(
    mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    assert mapping.deliver(offset=7) is DONE
    assert mapping.deliver(offset=7) is DONE
    assert len(ses.sent) == 1
    assert status(dynamodb) == "sent"
    assert messages_of(logs) == ["notification sent", "notification already sent"]
    assert logs[0]["level"] == "INFO"
    assert {
        name: logs[0][name] for name in ("order_id", "event_id", "provider_id", "topic", "partition", "offset")
    } == {
        "order_id": "ord_a7yuqahkcwyojza3z7chx7dkkq",
        "event_id": "3d340d65-4092-54eb-b504-a38ead16a186",
        "provider_id": "mail-1",
        "topic": "order-events",
        "partition": 0,
        "offset": 7,
    }


def test_the_same_event_in_another_record_is_not_sent_again(mapping: Mapping, ses: FakeSes) -> None:
    assert mapping.deliver(offset=7) is DONE
    assert mapping.deliver(offset=8) is DONE
    assert len(ses.sent) == 1


def test_a_deferred_mail_is_retried_and_is_no_possible_duplicate(
    mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [LATER] * 5
    assert [mapping.deliver() for _ in range(5)] == [RETRY] * 5
    assert status(dynamodb) == "waiting"
    assert logs[-1]["message"] == "notification deferred"
    assert logs[-1]["reason"] == "EndpointConnectionError"
    assert mapping.deliver() is DONE
    assert logs[-1]["possible_duplicate"] is False


def test_a_mail_whose_answer_was_lost_is_sent_again_as_a_possible_duplicate(
    mapping: Mapping, ses: FakeSes, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [LOST]
    assert mapping.deliver() is RETRY
    assert mapping.deliver() is DONE
    assert len(ses.sent) == 2
    assert logs[-1]["message"] == "notification sent"
    assert logs[-1]["possible_duplicate"] is True


def test_the_policy_hold_holds_a_mail_whose_answer_was_lost(
    holding: Mapping, ses: FakeSes, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [LOST]
    assert holding.deliver() is DONE
    assert holding.deliver() is DONE
    assert len(ses.sent) == 1
    assert status(dynamodb) == "unknown"
    assert [(line["level"], line["message"]) for line in logs] == [
        ("ERROR", "notification held: it may have been sent")
    ] * 2


def test_a_held_mail_stays_as_it_is_however_often_its_record_is_redelivered(
    holding: Mapping, ses: FakeSes, dynamodb: DynamoDBClient
) -> None:
    ses.answers = [LOST]
    holding.deliver()
    [held] = dynamodb.scan(TableName=TABLE)["Items"]
    for _ in range(MAX_ATTEMPTS + 1):
        assert holding.deliver() is DONE
    assert dynamodb.scan(TableName=TABLE)["Items"] == [held]
    assert len(ses.sent) == 1


def test_a_replay_of_an_event_that_the_ledger_may_have_forgotten_is_sent_only_if_it_is_forced(
    mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient
) -> None:
    mapping.clock.advance(days=30)
    assert mapping.deliver(headers={"replay": b"forced"}) is DONE
    assert status(dynamodb) == "sent"
    other = mapping.event | {"id": "another event"}
    assert mapping.deliver(other, headers={"replay": b"true"}) is DONE
    assert len(ses.sent) == 1


def test_a_replay_sends_a_held_mail(holding: Mapping, ses: FakeSes) -> None:
    ses.answers = [LOST]
    assert holding.deliver() is DONE
    assert holding.deliver(headers={"replay": b""}) is DONE
    assert len(ses.sent) == 2


def test_a_record_is_dead_lettered_after_three_lost_answers_while_others_get_theirs(
    mapping: Mapping, ses: FakeSes, queue: FakeQueue, dynamodb: DynamoDBClient
) -> None:
    ses.answers = ["mail-1", LOST, "mail-2", LOST, "mail-3", LOST]
    for number in range(3):
        assert mapping.deliver(mapping.event | {"id": f"of-another-order-{number}"}) is DONE
        assert mapping.deliver() is RETRY
    assert mapping.deliver() is DONE
    assert len(ses.sent) == 6
    assert queue.reasons == ["no attempt to send got an answer"]
    assert sorted(item["status"]["S"] for item in dynamodb.scan(TableName="notifications")["Items"]) == [
        "failed",
        *["sent"] * 3,
    ]
    assert mapping.deliver() is DONE
    assert len(ses.sent) == 6


def test_no_record_is_dead_lettered_and_few_mails_are_sent_while_no_send_gets_an_answer(
    mapping: Mapping, ses: FakeSes, queue: FakeQueue, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [LOST] * 10
    for _ in range(120):
        assert mapping.deliver() is RETRY
        mapping.clock.advance(seconds=1)
    assert len(ses.sent) == 7  # at once, once more, and after twice 1, 2, 4, 8 and 16 seconds
    assert logs[-1]["reason"] == "circuit breaker is open: the provider did not answer other sends"
    ses.answers.clear()
    mapping.clock.advance(seconds=60)
    assert mapping.deliver() is DONE
    assert queue.messages == []
    assert logs[-1]["possible_duplicate"] is True


def test_a_record_that_another_worker_has_claimed_is_retried(
    mapping: Mapping, ses: FakeSes, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [RuntimeError("a bug, mid-send")]
    assert mapping.deliver() is RETRY
    assert mapping.deliver() is RETRY
    assert logs[-1]["reason"] == "another worker has the claim"
    mapping.clock.advance(seconds=16)
    assert mapping.deliver() is DONE
    assert logs[-1]["possible_duplicate"] is True


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"total": "much"},
            "order.paid.v1/en/mail.txt.jinja, line 7: an amount is not a decimal string such as 12.50",
        ),
        ({"customer": {"email": "ada@foo_bar"}}, "the domain of the address is not one of the internet"),
    ],
)
def test_a_mail_that_can_never_be_sent_is_dead_lettered(
    mapping: Mapping, queue: FakeQueue, dynamodb: DynamoDBClient, change: dict[str, Any], reason: str
) -> None:
    mapping.event["data"] |= change
    assert mapping.deliver() is DONE
    assert queue.reasons == [reason]
    assert status(dynamodb) == "failed"
    assert mapping.deliver() is DONE
    assert len(queue.messages) == 1


def test_a_replay_sends_a_failed_mail(mapping: Mapping, ses: FakeSes, queue: FakeQueue) -> None:
    mapping.event["data"]["total"] = "much"
    assert mapping.deliver() is DONE
    mapping.event["data"]["total"] = "25.00"
    assert mapping.deliver() is DONE
    assert ses.sent == []
    assert mapping.deliver(headers={"replay": b""}) is DONE
    assert len(ses.sent) == 1


@pytest.mark.parametrize("value", [b"no event", {"type": "order.paid.v1"}])
def test_an_unreadable_record_is_dead_lettered(
    mapping: Mapping, queue: FakeQueue, dynamodb: DynamoDBClient, logs: list[dict[str, Any]], value: Any
) -> None:
    assert mapping.deliver(value) is DONE
    assert len(queue.messages) == 1
    assert status(dynamodb) is None
    assert messages_of(logs) == ["record dead-lettered"]
    assert logs[0]["reason"] == queue.reasons[0]


def test_a_record_that_cannot_be_dead_lettered_is_retried(
    mapping: Mapping, queue: FakeQueue, logs: list[dict[str, Any]]
) -> None:
    queue.error = ConnectTimeoutError(endpoint_url="")
    assert mapping.deliver(b"no event") is RETRY
    assert logs[-1]["reason"] == "DeadLettersUnavailableError: ConnectTimeoutError"
    queue.error = None
    assert mapping.deliver(b"no event") is DONE


def test_a_mail_that_can_be_neither_sent_nor_dead_lettered_waits(
    mapping: Mapping, queue: FakeQueue, dynamodb: DynamoDBClient
) -> None:
    mapping.event["data"]["total"] = "much"
    queue.error = ConnectTimeoutError(endpoint_url="")
    assert mapping.deliver() is RETRY
    assert status(dynamodb) == "waiting"
    queue.error = None
    assert mapping.deliver() is DONE
    assert status(dynamodb) == "failed"


@pytest.mark.parametrize(("value", "reason"), [(None, "tombstone"), ({"type": "order.lost.v1"}, "unknown type")])
def test_a_record_that_asks_for_no_notification_is_skipped(
    mapping: Mapping, queue: FakeQueue, logs: list[dict[str, Any]], value: Any, reason: str
) -> None:
    assert mapping.deliver(value) is DONE
    assert queue.messages == []
    assert [(line["level"], line["message"], line["reason"]) for line in logs] == [("INFO", "record skipped", reason)]


def test_an_old_event_is_not_mailed(
    mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    mapping.clock.advance(days=3)
    assert mapping.deliver() is DONE
    assert mapping.deliver() is DONE
    assert ses.sent == []
    assert status(dynamodb) == "expired"
    assert messages_of(logs) == ["notification expired", "notification already expired"]


def test_an_old_event_of_a_sent_mail_leaves_it_as_it_is(
    mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    assert mapping.deliver() is DONE
    [sent] = dynamodb.scan(TableName=TABLE)["Items"]
    mapping.clock.advance(days=3)
    assert mapping.deliver() is DONE
    assert dynamodb.scan(TableName=TABLE)["Items"] == [sent]
    assert len(ses.sent) == 1
    assert messages_of(logs) == ["notification sent", "notification already sent"]


def test_an_old_event_of_a_waiting_mail_expires_it(mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient) -> None:
    ses.answers = [LATER]
    assert mapping.deliver() is RETRY
    mapping.clock.advance(days=3)
    assert mapping.deliver() is DONE
    assert status(dynamodb) == "expired"


def test_an_old_event_is_mailed_if_it_is_a_replay(mapping: Mapping, ses: FakeSes) -> None:
    mapping.clock.advance(days=6)
    assert mapping.deliver(headers={"replay": b""}) is DONE
    assert len(ses.sent) == 1


def test_a_record_that_does_not_fit_into_the_time_is_retried(
    mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient
) -> None:
    assert mapping.deliver(seconds=5.9) is RETRY
    assert (ses.sent, status(dynamodb)) == ([], None)
    assert mapping.deliver(seconds=6) is DONE


def test_a_claim_that_took_too_long_is_released(
    mapping: Mapping,
    ses: FakeSes,
    dynamodb: DynamoDBClient,
    logs: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def claim_slowly(ledger: Ledger, notification: Notification, **options: Any) -> Entry:
        mapping.clock.advance(seconds=4)
        return claim(ledger, notification, **options)

    claim = Ledger.claim
    monkeypatch.setattr(Ledger, "claim", claim_slowly)
    assert mapping.deliver(seconds=9) is RETRY
    assert (ses.sent, status(dynamodb)) == ([], "waiting")
    assert logs[-1]["reason"] == "not enough time is left in the invocation for another send"
    assert mapping.deliver(seconds=10) is DONE
    assert logs[-1]["message"] == "notification sent"
    assert logs[-1]["possible_duplicate"] is False


def test_no_mail_is_sent_without_the_ledger(
    mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    dynamodb.delete_table(TableName="notifications")
    assert mapping.deliver() is RETRY
    assert ses.sent == []
    assert messages_of(logs) == ["notification deferred", "the ledger does not answer: writes stay pending"]
    assert logs[0]["reason"] == "LedgerUnavailableError: ResourceNotFoundException"


def test_a_sent_mail_is_not_retried_if_the_ledger_is_unavailable(
    mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    ses.before_answer = lambda _: dynamodb.delete_table(TableName="notifications")
    assert mapping.deliver() is DONE
    assert messages_of(logs) == [
        "notification sent",
        "notification sent, but not marked as sent",
        "the ledger does not answer: writes stay pending",
    ]


@pytest.mark.parametrize(("seconds", "calls"), [(15, 2), (4, 1)])
def test_the_mark_of_a_sent_mail_is_tried_again_if_there_is_time(
    mapping: Mapping,
    clock: FakeClock,
    dynamodb: DynamoDBClient,
    logs: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
    calls: int,
) -> None:
    """The ledger hangs for as long as its client waits, once; after that, the invocation has `seconds` left."""
    mark_sent, attempts = Ledger.mark_sent, 0

    def hang(*arguments: Any, **keywords: Any) -> bool:
        nonlocal attempts
        attempts += 1
        if attempts > 1:
            return mark_sent(*arguments, **keywords)
        clock.advance(seconds=15 - seconds)
        raise LedgerUnavailableError("ReadTimeoutError")

    monkeypatch.setattr(Ledger, "mark_sent", hang)
    assert mapping.deliver(seconds=15) is DONE
    assert attempts == calls
    assert status(dynamodb) == ("sent" if calls == 2 else "claimed")
    assert "notification sent, but not marked as sent" in messages_of(logs)
    if calls == 1:
        assert mapping.deliver(b"another record of this environment") is DONE
        assert status(dynamodb) == "sent"


def test_a_sent_mail_is_not_retried_because_of_a_bug(
    mapping: Mapping, logs: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> bool:
        raise RuntimeError(ADDRESS)

    monkeypatch.setattr(Ledger, "mark_sent", fail)
    assert mapping.deliver() is DONE
    assert messages_of(logs) == ["notification sent", "notification sent, but not marked as sent"]
    assert logs[-1]["reason"] == "RuntimeError"
    assert ADDRESS not in json.dumps(logs)


def test_a_sender_whose_claim_was_reclaimed_logs_it(
    mapping: Mapping, ses: FakeSes, logs: list[dict[str, Any]], make_record: RecordMaker
) -> None:
    def be_overtaken(_: dict[str, Any]) -> None:
        ses.before_answer = lambda _: None
        mapping.clock.advance(seconds=17)
        assert mapping.deliver() is DONE

    ses.before_answer = be_overtaken
    assert mapping.deliver() is DONE
    assert messages_of(logs)[-1] == "notification sent, but another worker has claimed it meanwhile"
