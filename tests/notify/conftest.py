"""What the tests of notify share: the sample event, a clock that stands still, AWS without AWS."""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import boto3
import pytest
import yaml
from moto import mock_aws

from functions.notify import observability
from functions.notify.breaker import CircuitBreaker
from functions.notify.channels import MailChannel, TextChannel
from functions.notify.deadletters import DeadLetters
from functions.notify.events import Channel
from functions.notify.ledger import Ledger
from functions.notify.mailer import Mailer, parse_address
from functions.notify.messages import Messages
from functions.notify.metrics import Metrics
from functions.notify.notifier import Invocation, Notifier
from functions.notify.pace import Pace
from functions.notify.records import Record
from functions.notify.texter import Texter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, 10, 20, tzinfo=UTC)  # five minutes after the sample event
TABLE = "notifications"
REGION = "eu-central-1"


class RecordMaker(Protocol):
    """Makes a record of the mapping from a value, which is JSON unless it is bytes or None."""

    def __call__(
        self, value: Any, *, key: str | None = "k", offset: int = 0, headers: dict[str, bytes] = ...
    ) -> Record: ...


@dataclass
class Clock:
    """A clock that stands still unless told otherwise."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@dataclass
class FakeSes:
    """Answers each send with the next of `answers`, an id or an error, and in the end with ids of its own."""

    answers: list[str | Exception] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)

    def send_email(self, **request: Any) -> dict[str, str]:
        self.sent.append(request)
        answer = self.answers.pop(0) if self.answers else f"mail-{len(self.sent)}"
        if isinstance(answer, Exception):
            raise answer
        return {"MessageId": answer}


@dataclass
class FakeSns:
    """As FakeSes, for text messages."""

    answers: list[str | Exception] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)

    def publish(self, **request: Any) -> dict[str, str]:
        self.sent.append(request)
        answer = self.answers.pop(0) if self.answers else f"text-{len(self.sent)}"
        if isinstance(answer, Exception):
            raise answer
        return {"MessageId": answer}


@dataclass
class FakeQueue:
    """Takes messages until `error` is set."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    error: Exception | None = None

    def send_message(self, **request: Any) -> dict[str, str]:
        if self.error:
            raise self.error
        self.messages.append(request)
        return {"MessageId": "1"}

    @property
    def reasons(self) -> list[str]:
        return [message["MessageAttributes"]["reason"]["StringValue"] for message in self.messages]


@pytest.fixture
def paid() -> dict[str, Any]:
    """The sample event, to be changed at will."""
    event: dict[str, Any] = json.loads((ROOT / "events/order.paid.v1.json").read_text())
    return event


@pytest.fixture
def cancelled() -> dict[str, Any]:
    """The sample event of the same order's cancellation."""
    event: dict[str, Any] = json.loads((ROOT / "events/order.cancelled.v1.json").read_text())
    return event


@pytest.fixture
def make_record() -> RecordMaker:
    def make(
        value: Any,
        *,
        key: str | None = "k",
        offset: int = 0,
        headers: dict[str, bytes] = {"content-type": b"application/cloudevents+json"},  # noqa: B006 never changed
    ) -> Record:
        content = value if isinstance(value, bytes | None) else json.dumps(value).encode()
        return Record(
            partition_id="order-events-0",
            topic="order-events",
            partition=0,
            offset=offset,
            key=key,
            source={
                "value": None if content is None else base64.b64encode(content).decode(),
                "headers": [{name: list(content)} for name, content in headers.items()],
            },
        )

    return make


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def invocation() -> Invocation:
    return Invocation(id="request-1", deadline=NOW + timedelta(seconds=15))


@pytest.fixture
def ses() -> FakeSes:
    return FakeSes()


@pytest.fixture
def sns() -> FakeSns:
    return FakeSns()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    """A hundred a second, by the clock that stands still: who waits moves it on."""
    return Pace(100, clock=lambda: clock.now.timestamp(), sleep=lambda seconds: clock.advance(seconds=seconds))


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """The credentials of nobody; its clients are quick to make."""
    return boto3.Session(region_name=REGION, aws_access_key_id="nobody", aws_secret_access_key="nothing")


@pytest.fixture
def aws() -> Iterator[None]:
    """AWS without AWS, and empty."""
    with mock_aws():
        yield


@pytest.fixture
def dynamodb(aws: None, session: boto3.Session) -> DynamoDBClient:
    """DynamoDB with the table of notifications as template.yaml has it."""
    client = session.client("dynamodb")
    table = yaml.load((ROOT / "template.yaml").read_text(), Loader=_TemplateLoader)["Resources"][  # noqa: S506 is safe
        "NotificationsTable"
    ]["Properties"]
    client.create_table(
        TableName=TABLE, **{name: table[name] for name in ("AttributeDefinitions", "KeySchema", "BillingMode")}
    )
    return client


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Metrics:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Shop")
    return Metrics()


@pytest.fixture
def notifier(
    dynamodb: DynamoDBClient,
    ses: FakeSes,
    sns: FakeSns,
    queue: FakeQueue,
    metrics: Metrics,
    pace: Pace,
    clock: Clock,
) -> Notifier:
    messages = Messages(shop_name="The Analytical Bookshop")
    mailer = Mailer(
        client=cast("SESV2Client", ses),
        sender=parse_address("orders@shop.example", name="The Shop"),
        configuration_set="orders",
    )
    texter = Texter(client=cast("SNSClient", sns))
    return Notifier(
        ledger=Ledger(client=dynamodb, table=TABLE),
        messages=messages,
        channels={
            Channel.MAIL: MailChannel(messages=messages, mailer=mailer, pace=pace, breaker=breaker_by(clock)),
            Channel.TEXT: TextChannel(messages=messages, texter=texter, pace=pace, breaker=breaker_by(clock)),
        },
        dead_letters=DeadLetters(client=cast("SQSClient", queue), queue_url="https://queue.example"),
        metrics=metrics,
        maximum_age=timedelta(days=3),
        clock=clock,
    )


def breaker_by(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(clock=lambda: clock.now.timestamp())


def with_ses(notifier: Notifier, client: Any) -> Notifier:
    """The notifier with another client of SES."""
    mail = notifier.channels[Channel.MAIL]
    assert isinstance(mail, MailChannel)
    changed = replace(mail, mailer=replace(mail.mailer, client=client))
    return replace(notifier, channels={**notifier.channels, Channel.MAIL: changed})


def ses_of(notifier: Notifier) -> Any:
    """The client of SES that the notifier has."""
    mail = notifier.channels[Channel.MAIL]
    assert isinstance(mail, MailChannel)
    return mail.mailer.client


@pytest.fixture
def counted(metrics: Metrics, capsys: pytest.CaptureFixture[str]) -> Callable[[], dict[str, float]]:
    """What the notifier has counted since it was last asked, as CloudWatch gets it."""

    def read() -> dict[str, float]:
        metrics.flush()
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
        assert len(lines) <= 1
        return {
            metric["Name"]: sum(line[metric["Name"]])
            for line in lines
            for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        }

    return read


@pytest.fixture
def logs() -> Iterator[list[dict[str, Any]]]:
    """The log lines of notify, as they are written."""
    lines: list[dict[str, Any]] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(self.format(record)))

    collector = Collector()
    collector.setFormatter(observability.logger.registered_formatter)
    logger = logging.getLogger(observability.logger.name)
    logger.addHandler(collector)
    yield lines
    logger.removeHandler(collector)


class _TemplateLoader(yaml.SafeLoader):
    """Reads a template and leaves out its intrinsic functions."""


_TemplateLoader.add_multi_constructor("!", lambda loader, suffix, node: None)
