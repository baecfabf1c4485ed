"""One record at a time: what is sent, what the ledger says, what is answered, what is logged."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from functions.notify.events import OrderEvent
from functions.notify.ledger import Claim, Found, Ledger, LedgerUnavailableError, Notification, UnknownPolicy
from functions.notify.messages import Messages
from functions.notify.notifier import Invocation, Notifier
from tests.notify.conftest import with_ses

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.notify.statements import Statement, Statements
    from tests.notify.conftest import Clock, FakeQueue, FakeSes, FakeSns, RecordMaker

ADDRESS = "ada@example.com"
LOST = ReadTimeoutError(endpoint_url="https://email.example")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"  # of the request that placed the sample order
THROTTLED = ClientError(
    {"Error": {"Code": "TooManyRequestsException", "Message": "Maximum sending rate exceeded."}}, "SendEmail"
)
LATER = EndpointConnectionError(endpoint_url="https://email.example")


@dataclass
class Mapping:
    """Brings records to the notifier, in an invocation of 15 s each."""

    notifier: Notifier
    clock: Clock
    make_record: RecordMaker
    event: dict[str, Any]
    invocations: int = 0

    def bring(self, value: Any = ..., *, seconds: float = 15, **options: Any) -> bool:
        """Bring the event, or another value, and tell whether it is done."""
        self.invocations += 1
        invocation = Invocation(id=f"request-{self.invocations}", deadline=self.clock.now + timedelta(seconds=seconds))
        record = self.make_record(self.event if value is ... else value, **options)
        return self.notifier.work_off(self.notifier.read(record), invocation)


@pytest.fixture
def mapping(notifier: Notifier, clock: Clock, make_record: RecordMaker, paid: dict[str, Any]) -> Mapping:
    paid["data"]["customer"]["channels"] = ["mail"]
    return Mapping(notifier=notifier, clock=clock, make_record=make_record, event=paid)


@pytest.fixture
def holding(mapping: Mapping) -> Mapping:
    ledger = replace(mapping.notifier.ledger, unknown_policy=UnknownPolicy.HOLD)
    return replace(mapping, notifier=replace(mapping.notifier, ledger=ledger))


def status(dynamodb: DynamoDBClient) -> str | None:
    items = dynamodb.scan(TableName="notifications")["Items"]
    return items[0]["status"]["S"] if items else None


def messages_of(logs: list[dict[str, Any]]) -> list[str]:
    return [line["message"] for line in logs]


def test_a_paid_order_is_confirmed_once(
    mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    assert mapping.bring(offset=7)
    assert mapping.bring(offset=7)
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
    assert mapping.bring(offset=7)
    assert mapping.bring(offset=8)
    assert len(ses.sent) == 1


def test_a_mail_that_ses_will_take_later_comes_again(
    mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [LATER] * 5
    assert [mapping.bring() for _ in range(5)] == [False] * 5
    assert status(dynamodb) == "waiting"
    assert logs[-1]["message"] == "notification deferred"
    assert logs[-1]["reason"] == "EndpointConnectionError"
    assert mapping.bring()
    assert logs[-1]["possible_duplicate"] is False


def test_a_lost_answer_is_sent_again_and_known_as_a_possible_duplicate(
    mapping: Mapping, ses: FakeSes, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [LOST]
    assert not mapping.bring()
    assert mapping.bring()
    assert len(ses.sent) == 2
    assert logs[-1]["message"] == "notification sent"
    assert logs[-1]["possible_duplicate"] is True


def test_by_policy_a_lost_answer_is_held(
    holding: Mapping, ses: FakeSes, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [LOST]
    assert holding.bring()
    assert holding.bring()
    assert len(ses.sent) == 1
    assert status(dynamodb) == "unknown"
    assert [(line["level"], line["message"]) for line in logs] == [
        ("ERROR", "notification held: it may have been sent")
    ] * 2


def test_a_replay_sends_what_was_held(holding: Mapping, ses: FakeSes) -> None:
    ses.answers = [LOST]
    assert holding.bring()
    assert holding.bring(headers={"replay": b""})
    assert len(ses.sent) == 2


def test_after_three_lost_answers_while_others_get_theirs_the_record_is_set_aside(
    mapping: Mapping, ses: FakeSes, queue: FakeQueue, dynamodb: DynamoDBClient
) -> None:
    ses.answers = ["mail-1", LOST, "mail-2", LOST, "mail-3", LOST]
    for number in range(3):
        assert mapping.bring(mapping.event | {"id": f"of-another-order-{number}"})
        assert not mapping.bring()
    assert mapping.bring()
    assert len(ses.sent) == 6
    assert queue.reasons == ["every attempt to send ended without a word"]
    assert sorted(item["status"]["S"] for item in dynamodb.scan(TableName="notifications")["Items"]) == [
        "failed",
        *["sent"] * 3,
    ]
    assert mapping.bring()
    assert len(ses.sent) == 6


def test_while_nobody_gets_an_answer_none_is_set_aside_and_few_are_sent(
    mapping: Mapping, ses: FakeSes, queue: FakeQueue, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [LOST] * 10
    for _ in range(120):
        assert not mapping.bring()
        mapping.clock.advance(seconds=1)
    assert len(ses.sent) == 7  # at once, once more, and after twice 1, 2, 4, 8 and 16 seconds
    assert logs[-1]["reason"] == "the provider has left others without an answer"
    ses.answers.clear()
    mapping.clock.advance(seconds=60)
    assert mapping.bring()
    assert queue.messages == []
    assert logs[-1]["possible_duplicate"] is True


def test_a_claim_of_another_comes_again(mapping: Mapping, ses: FakeSes, logs: list[dict[str, Any]]) -> None:
    ses.answers = [RuntimeError("a bug, mid-send")]
    assert not mapping.bring()
    assert not mapping.bring()
    assert logs[-1]["reason"] == "claimed by another"
    mapping.clock.advance(seconds=16)
    assert mapping.bring()
    assert logs[-1]["possible_duplicate"] is True


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"total": "much"},
            "order.paid.v1/en/mail.txt.jinja, items.txt.jinja, line 9: an amount is not a decimal string such as 12.50",
        ),
        ({"customer": {"email": "ada@foo_bar"}}, "the domain of the address is not one of the internet"),
    ],
)
def test_a_mail_that_can_never_go_is_set_aside(
    mapping: Mapping, queue: FakeQueue, dynamodb: DynamoDBClient, change: dict[str, Any], reason: str
) -> None:
    mapping.event["data"] |= change
    assert mapping.bring()
    assert queue.reasons == [reason]
    assert status(dynamodb) == "failed"
    assert mapping.bring()
    assert len(queue.messages) == 1


def test_a_replay_sends_what_failed(mapping: Mapping, ses: FakeSes, queue: FakeQueue) -> None:
    mapping.event["data"]["total"] = "much"
    assert mapping.bring()
    mapping.event["data"]["total"] = "25.00"
    assert mapping.bring()
    assert ses.sent == []
    assert mapping.bring(headers={"replay": b""})
    assert len(ses.sent) == 1


@pytest.mark.parametrize("value", [b"no event", {"type": "order.paid.v1"}])
def test_what_cannot_be_read_is_set_aside(
    mapping: Mapping, queue: FakeQueue, dynamodb: DynamoDBClient, logs: list[dict[str, Any]], value: Any
) -> None:
    assert mapping.bring(value)
    assert len(queue.messages) == 1
    assert status(dynamodb) is None
    assert messages_of(logs) == ["record set aside"]
    assert logs[0]["reason"] == queue.reasons[0]


def test_what_cannot_be_set_aside_comes_again(mapping: Mapping, queue: FakeQueue, logs: list[dict[str, Any]]) -> None:
    queue.error = ConnectTimeoutError(endpoint_url="")
    assert not mapping.bring(b"no event")
    assert logs[-1]["reason"] == "DeadLettersUnavailableError: ConnectTimeoutError"
    queue.error = None
    assert mapping.bring(b"no event")


def test_a_mail_that_cannot_go_nor_be_set_aside_waits(
    mapping: Mapping, queue: FakeQueue, dynamodb: DynamoDBClient
) -> None:
    mapping.event["data"]["total"] = "much"
    queue.error = ConnectTimeoutError(endpoint_url="")
    assert not mapping.bring()
    assert status(dynamodb) == "waiting"
    queue.error = None
    assert mapping.bring()
    assert status(dynamodb) == "failed"


@pytest.mark.parametrize(("value", "reason"), [(None, "tombstone"), ({"type": "order.lost.v1"}, "unknown type")])
def test_what_is_not_for_us_is_skipped(
    mapping: Mapping, queue: FakeQueue, logs: list[dict[str, Any]], value: Any, reason: str
) -> None:
    assert mapping.bring(value)
    assert queue.messages == []
    assert [(line["level"], line["message"], line["reason"]) for line in logs] == [("INFO", "record skipped", reason)]


def test_history_is_not_mailed(
    mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    mapping.clock.advance(days=3)
    assert mapping.bring()
    assert mapping.bring()
    assert ses.sent == []
    assert status(dynamodb) == "expired"
    assert messages_of(logs) == ["notification expired", "notification expired"]


def test_a_replay_may_be_old(mapping: Mapping, ses: FakeSes) -> None:
    mapping.clock.advance(days=6)
    assert mapping.bring(headers={"replay": b""})
    assert len(ses.sent) == 1


def test_what_does_not_fit_into_the_time_comes_again(mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient) -> None:
    assert not mapping.bring(seconds=5.9)
    assert (ses.sent, status(dynamodb)) == ([], None)
    assert mapping.bring(seconds=6)


def test_a_claim_that_took_too_long_is_given_back(
    mapping: Mapping,
    ses: FakeSes,
    dynamodb: DynamoDBClient,
    logs: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def claim_slowly(ledger: Ledger, notification: Notification, **options: Any) -> Claim | Found:
        mapping.clock.advance(seconds=4)
        return claim(ledger, notification, **options)

    claim = Ledger.claim
    monkeypatch.setattr(Ledger, "claim", claim_slowly)
    assert not mapping.bring(seconds=9)
    assert (ses.sent, status(dynamodb)) == ([], "waiting")
    assert logs[-1]["reason"] == "the invocation has too little time left for one more"
    assert mapping.bring(seconds=10)
    assert logs[-1]["message"] == "notification sent"
    assert logs[-1]["possible_duplicate"] is False


def test_without_a_ledger_nothing_is_sent(
    mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    dynamodb.delete_table(TableName="notifications")
    assert not mapping.bring()
    assert ses.sent == []
    assert logs[-1]["reason"] == "LedgerUnavailableError: ResourceNotFoundException"


def test_a_mail_that_is_out_does_not_come_again_for_a_ledger_that_is_away(
    mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    def send_and_lose_the_table(**request: Any) -> dict[str, str]:
        dynamodb.delete_table(TableName="notifications")
        return ses.send_email(**request)

    class Client:
        send_email = staticmethod(send_and_lose_the_table)

    mapping.notifier = with_ses(mapping.notifier, Client())
    assert mapping.bring()
    assert messages_of(logs) == ["notification sent", "notification sent, but not written down"]


@pytest.mark.parametrize(("seconds", "marks"), [(15, 3), (5, 1)])
def test_that_a_mail_is_out_is_written_down_later_if_there_is_time(
    mapping: Mapping,
    clock: Clock,
    dynamodb: DynamoDBClient,
    logs: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
    marks: int,
) -> None:
    """The ledger hangs for as long as its client waits, twice; after the first, the invocation has `seconds` left."""
    mark_sent, tries = Ledger.mark_sent, 0

    def hang(*arguments: Any, **keywords: Any) -> bool:
        nonlocal tries
        tries += 1
        if tries == 3:
            return mark_sent(*arguments, **keywords)
        if tries == 1:
            clock.advance(seconds=15 - seconds)
        raise LedgerUnavailableError("ReadTimeoutError")

    monkeypatch.setattr(Ledger, "mark_sent", hang)
    assert mapping.bring(seconds=15)
    assert tries == marks
    assert status(dynamodb) == ("sent" if marks == 3 else "claimed")
    assert ("notification sent, but not written down" in messages_of(logs)) == (marks == 1)


def test_a_mail_that_is_out_does_not_come_again_for_a_bug(
    mapping: Mapping, logs: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> bool:
        raise RuntimeError(ADDRESS)

    monkeypatch.setattr(Ledger, "mark_sent", fail)
    assert mapping.bring()
    assert messages_of(logs) == ["notification sent", "notification sent, but not written down"]
    assert logs[-1]["reason"] == "RuntimeError"
    assert ADDRESS not in json.dumps(logs)


def test_a_sender_that_was_overtaken_says_so(
    mapping: Mapping, ses: FakeSes, logs: list[dict[str, Any]], make_record: RecordMaker
) -> None:
    def send_late(**request: Any) -> dict[str, str]:
        mapping.clock.advance(seconds=17)
        mapping.notifier = prompt
        assert mapping.bring()
        return ses.send_email(**request)

    class Client:
        send_email = staticmethod(send_late)

    prompt = mapping.notifier
    mapping.notifier = with_ses(prompt, Client())
    assert mapping.bring()
    assert messages_of(logs)[-1] == "notification sent, but somebody else has claimed it meanwhile"


def test_a_bug_fails_its_record_and_is_logged_without_what_the_record_holds(
    mapping: Mapping, ses: FakeSes, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [RuntimeError(ADDRESS)]
    assert not mapping.bring()
    (line,) = logs
    assert (line["level"], line["message"], line["error"]) == ("ERROR", "record failed unexpectedly", "RuntimeError")
    assert any("send_email" in frame for frame in line["stack"])
    assert ADDRESS not in json.dumps(logs)


def test_a_bug_in_reading_fails_its_record(
    notifier: Notifier, make_record: RecordMaker, invocation: Invocation, logs: list[dict[str, Any]]
) -> None:
    class Broken(Messages):
        @property
        def types(self) -> frozenset[str]:
            raise RuntimeError(ADDRESS)

    broken = replace(notifier, messages=Broken(shop_name="The Shop"))
    reading = broken.read(make_record({"type": "order.paid.v1"}))
    assert not broken.work_off(reading, invocation)
    assert messages_of(logs) == ["record failed unexpectedly"]
    assert ADDRESS not in json.dumps(logs)


def test_a_reading_keeps_its_record(notifier: Notifier, make_record: RecordMaker, paid: dict[str, Any]) -> None:
    record = make_record(paid)
    reading = notifier.read(record)
    assert reading.record is record
    assert isinstance(reading.content, OrderEvent)


def test_every_line_about_a_record_has_the_trace_of_its_request(
    mapping: Mapping, ses: FakeSes, queue: FakeQueue, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [LATER, LOST, RuntimeError("a bug"), "mail-1"]
    for _ in ses.answers.copy():
        mapping.bring(seconds=15)
    mapping.clock.advance(seconds=16)
    assert mapping.bring()
    assert mapping.bring()
    assert not mapping.bring(seconds=1)
    assert mapping.bring(mapping.event | {"type": "order.lost.v1"})
    assert mapping.bring(mapping.event | {"id": 1})
    mapping.clock.advance(days=4)
    assert mapping.bring()
    assert set(messages_of(logs)) == {
        "notification deferred",
        "record failed unexpectedly",
        "notification sent",
        "notification already sent",
        "record skipped",
        "record set aside",
        "notification expired",
    }
    assert {line["correlation_id"] for line in logs} == {TRACE}


def test_a_line_about_a_record_without_a_trace_has_no_correlation_id(
    mapping: Mapping, logs: list[dict[str, Any]]
) -> None:
    assert mapping.bring(mapping.event | {"traceparent": ADDRESS})
    assert messages_of(logs) == ["notification sent"]
    assert "correlation_id" not in logs[0]


def test_a_mail_is_counted_once_and_its_repeat_not_at_all(
    mapping: Mapping, counted: Callable[[], dict[str, float]]
) -> None:
    assert mapping.bring()
    assert counted() == {"NotificationsSent": 1}
    assert mapping.bring()
    assert counted() == {}


def test_every_try_that_comes_again_is_counted(
    mapping: Mapping, ses: FakeSes, counted: Callable[[], dict[str, float]]
) -> None:
    ses.answers = [LATER, LATER]
    mapping.bring()
    mapping.bring()
    mapping.bring(seconds=1)
    assert counted() == {"NotificationsDeferred": 3}


def test_a_possible_duplicate_is_counted_beside_its_mail(
    mapping: Mapping, ses: FakeSes, counted: Callable[[], dict[str, float]]
) -> None:
    ses.answers = [LOST]
    mapping.bring()
    assert counted() == {"NotificationsDeferred": 1}
    mapping.bring()
    assert counted() == {"NotificationsSent": 1, "PossibleDuplicates": 1}


def test_a_held_mail_is_counted(holding: Mapping, ses: FakeSes, counted: Callable[[], dict[str, float]]) -> None:
    ses.answers = [LOST]
    holding.bring()
    assert counted() == {"NotificationsHeld": 1}


def test_a_bug_is_counted(mapping: Mapping, ses: FakeSes, counted: Callable[[], dict[str, float]]) -> None:
    ses.answers = [RuntimeError("a bug")]
    mapping.bring()
    assert counted() == {"UnexpectedErrors": 1}


@pytest.mark.parametrize("change", [{"id": 1}, {"data": {"order_id": "ord_1", "customer": {"email": ADDRESS}}}])
def test_what_is_set_aside_is_counted_once_it_is(
    mapping: Mapping, queue: FakeQueue, counted: Callable[[], dict[str, float]], change: dict[str, Any]
) -> None:
    queue.error = ConnectTimeoutError(endpoint_url="")
    mapping.bring(mapping.event | change)
    assert counted() == {"NotificationsDeferred": 1}
    queue.error = None
    mapping.bring(mapping.event | change)
    assert counted() == {"NotificationsFailed": 1}


def test_an_expired_mail_is_counted(mapping: Mapping, counted: Callable[[], dict[str, float]]) -> None:
    mapping.clock.advance(days=3)
    mapping.bring()
    assert counted() == {"NotificationsExpired": 1}


def test_an_event_that_no_folder_is_for_is_skipped_and_counted(
    mapping: Mapping,
    cancelled: dict[str, Any],
    queue: FakeQueue,
    ses: FakeSes,
    logs: list[dict[str, Any]],
    counted: Callable[[], dict[str, float]],
) -> None:
    assert mapping.bring(cancelled | {"type": "order.lost.v9"})
    assert (ses.sent, queue.messages) == ([], [])
    assert counted() == {"RecordsSkipped": 1}
    assert [(line["message"], line["correlation_id"]) for line in logs] == [
        ("record skipped", "0af7651916cd43dd8448eb211c80319c")
    ]


@pytest.fixture
def both(mapping: Mapping) -> Mapping:
    """As the sample order has it: a customer with a phone, who does not say how to be told."""
    del mapping.event["data"]["customer"]["channels"]
    return mapping


def statuses(dynamodb: DynamoDBClient) -> dict[str, str]:
    """The status of each notification, by its channel."""
    items = dynamodb.scan(TableName="notifications")["Items"]
    return {item["notification_id"]["S"].rpartition("#")[2]: item["status"]["S"] for item in items}


def test_a_customer_with_a_phone_gets_mail_and_text_message_once(
    both: Mapping, ses: FakeSes, sns: FakeSns, dynamodb: DynamoDBClient
) -> None:
    assert both.bring()
    assert both.bring()
    assert len(ses.sent) == len(sns.sent) == 1
    assert sns.sent[0]["PhoneNumber"] == "+14155550100"
    assert statuses(dynamodb) == {"mail": "sent", "text": "sent"}


def test_a_mail_that_fails_does_not_fail_the_text_message(
    both: Mapping, ses: FakeSes, sns: FakeSns, dynamodb: DynamoDBClient
) -> None:
    ses.answers = [LATER]
    assert not both.bring()
    assert statuses(dynamodb) == {"mail": "waiting", "text": "sent"}
    assert both.bring()
    assert statuses(dynamodb) == {"mail": "sent", "text": "sent"}
    assert len(sns.sent) == 1


def test_a_text_message_that_fails_does_not_fail_the_mail(
    both: Mapping, ses: FakeSes, sns: FakeSns, dynamodb: DynamoDBClient
) -> None:
    sns.answers = [LOST]
    assert not both.bring()
    assert statuses(dynamodb) == {"mail": "sent", "text": "unknown"}
    assert both.bring()
    assert len(ses.sent) == 1
    assert len(sns.sent) == 2


def test_a_bug_in_one_channel_does_not_fail_the_other(
    both: Mapping, ses: FakeSes, sns: FakeSns, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [RuntimeError(ADDRESS)]
    assert not both.bring()
    assert len(sns.sent) == 1
    assert messages_of(logs)[0] == "record failed unexpectedly"


def test_a_channel_that_can_never_be_used_leaves_the_other_sent(
    both: Mapping, ses: FakeSes, sns: FakeSns, queue: FakeQueue, dynamodb: DynamoDBClient
) -> None:
    both.event["data"]["customer"]["email"] = "ada@foo_bar"
    assert both.bring()
    assert statuses(dynamodb) == {"mail": "failed", "text": "sent"}
    assert len(queue.messages) == 1
    both.event["data"]["customer"]["email"] = ADDRESS
    assert both.bring(headers={"replay": b""})
    assert len(ses.sent) == len(sns.sent) == 1


def test_a_channel_that_takes_all_the_time_leaves_the_others_for_later(
    both: Mapping, sns: FakeSns, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    def send_slowly(**_: Any) -> dict[str, str]:
        both.clock.advance(seconds=4)
        return {"MessageId": "mail-1"}

    slow = replace(both, notifier=with_ses(both.notifier, SimpleNamespace(send_email=send_slowly)))
    assert not slow.bring(seconds=9)
    assert statuses(dynamodb) == {"mail": "sent"}
    assert (logs[-1]["channel"], logs[-1]["reason"]) == ("text", "the invocation has too little time left for one more")
    assert slow.bring()
    assert statuses(dynamodb) == {"mail": "sent", "text": "sent"}
    assert len(sns.sent) == 1


def test_a_mark_at_the_end_of_the_time_waits_for_no_others(mapping: Mapping, dynamodb: DynamoDBClient) -> None:
    together: list[str] = []

    def write(statement: Statement) -> bool:
        together.append(statement.text.split()[0])
        return False  # then it is written alone

    def send_slowly(**_: Any) -> dict[str, str]:
        mapping.clock.advance(seconds=4)
        return {"MessageId": "mail-1"}

    ledger = replace(mapping.notifier.ledger, statements=cast("Statements", SimpleNamespace(write=write)))
    notifier = replace(with_ses(mapping.notifier, SimpleNamespace(send_email=send_slowly)), ledger=ledger)
    assert replace(mapping, notifier=notifier).bring(seconds=9)
    assert (together, status(dynamodb)) == (["INSERT"], "sent")

    together.clear()
    mapping.event["id"] = "another"
    assert replace(mapping, notifier=notifier).bring(seconds=15)
    assert together == ["INSERT", "UPDATE"]


def test_a_complaint_about_the_rate_is_waited_out(both: Mapping, ses: FakeSes, logs: list[dict[str, Any]]) -> None:
    ses.answers = [THROTTLED, THROTTLED]
    before = both.clock.now
    assert both.bring()
    assert len(ses.sent) == 3
    assert both.clock.now - before >= timedelta(seconds=2)
    assert [line["possible_duplicate"] for line in logs if line["message"] == "notification sent"] == [False, False]


def test_a_rate_that_leaves_no_time_lets_the_record_come_again(
    mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [THROTTLED] * 100
    assert not mapping.bring()
    assert status(dynamodb) == "waiting"
    assert logs[-1]["reason"] == "the invocation has too little time left for one more"
