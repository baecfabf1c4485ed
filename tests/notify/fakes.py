"""Fakes of notify's seams: a clock, and the clients of SES, SNS, SQS and DynamoDB."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from functions.notify.ledger.batch_writer import CALLS_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from functions.notify.aws_clients import MessageId

NOW = datetime(2026, 11, 22, 10, 20, tzinfo=UTC)  # five minutes after the sample event


@dataclass
class FakeClock:
    """A clock that stands still unless a test moves it, or a sleep does."""

    now: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.now

    @property
    def seconds(self) -> float:
        """The time as a monotonic clock gives it."""
        return self.now.timestamp()

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.advance(seconds=seconds)

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@dataclass
class FakeSes:
    """Answers each send with the next of `answers`, an id or an error, and in the end with ids of its own.

    `before_answer` is called with each request that is sent.
    """

    answers: list[str | Exception] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    before_answer: Callable[[dict[str, Any]], object] = lambda request: None

    def send_email(self, **request: Any) -> MessageId:
        self.before_answer(request)
        self.sent.append(request)
        return _answer(self.answers, default=f"mail-{len(self.sent)}")


@dataclass
class FakeSns:
    """As FakeSes, for text messages."""

    answers: list[str | Exception] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)

    def publish(self, **request: Any) -> MessageId:
        self.sent.append(request)
        return _answer(self.answers, default=f"text-{len(self.sent)}")


def _answer(answers: list[str | Exception], *, default: str) -> MessageId:
    answer = answers.pop(0) if answers else default
    if isinstance(answer, Exception):
        raise answer
    return {"MessageId": answer}


@dataclass
class FakeQueue:
    """Takes messages until `error` is set."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    error: Exception | None = None

    def send_message(self, **request: Any) -> MessageId:
        if self.error:
            raise self.error
        self.messages.append(request)
        return {"MessageId": "1"}

    @property
    def reasons(self) -> list[str]:
        return [message["MessageAttributes"]["reason"]["StringValue"] for message in self.messages]


class FakeStatements:
    """DynamoDB for statements: answers once `let` is set, and refuses REFUSED. `calls` has the texts of each call."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.busy, self.let = Event(), Event()
        self.error: BaseException | None = None
        self.answer: dict[str, Any] | None = None
        self._lock = Lock()

    def batch_execute_statement(self, *, Statements: Sequence[Any]) -> dict[str, Any]:  # noqa: N803 - boto3's
        texts = [each["Statement"] for each in Statements]
        with self._lock:
            self.calls.append(texts)
            if len(self.calls) == CALLS_AT_ONCE:
                self.busy.set()
        assert self.let.wait(30)
        if self.error:
            raise self.error
        if self.answer is not None:
            return self.answer
        refused = {"Error": {"Code": "ConditionalCheckFailed"}}
        return {"Responses": [refused if text == "REFUSED" else {"TableName": "t"} for text in texts]}


@dataclass
class NoStatements:
    """A DynamoDB that refuses statements and notes their verbs: the ledger then writes alone."""

    verbs: list[str] = field(default_factory=list)

    def batch_execute_statement(self, *, Statements: Sequence[Any]) -> dict[str, Any]:  # noqa: N803
        self.verbs += [each["Statement"].split()[0] for each in Statements]
        return {"Responses": [{"Error": {"Code": "Unknown"}} for _ in Statements]}
