"""Fixtures of notify's tests: the sample events, a clock that stands still, and AWS by moto."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from functions.notify.channels.channels import MailChannel, SmsChannel
from functions.notify.channels.circuit_breaker import CircuitBreaker
from functions.notify.channels.mailer import Mailer, parse_address
from functions.notify.channels.rate_limiter import RateLimiter
from functions.notify.channels.sms import SmsSender
from functions.notify.dead_letters import DeadLetters
from functions.notify.ledger.ledger import Ledger
from functions.notify.logs import logger
from functions.notify.messages.messages import Messages
from functions.notify.metrics import Metrics
from functions.notify.notifying.delivery import Invocation
from functions.notify.notifying.notifier import Notifier
from tests.notify import samples
from tests.notify.fakes import NOW, FakeClock, FakeQueue, FakeSes, FakeSns
from tests.notify.samples import REGION, ROOT, TABLE
from tools.templates import SYSTEM, load_template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient


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
def make_record() -> samples.RecordMaker:
    return samples.make_record


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


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
def rate_limiter(clock: FakeClock) -> RateLimiter:
    """A hundred a second, by the clock that stands still: a send that waits moves it."""
    return RateLimiter(100, clock=clock.monotonic, sleep=clock.sleep)


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


@pytest.fixture(scope="session")
def notifications_table() -> dict[str, Any]:
    """Return the properties of the table of notifications in template.yaml."""
    properties: dict[str, Any] = load_template(SYSTEM)["Resources"]["NotificationsTable"]["Properties"]
    return properties


@pytest.fixture(scope="session")
def dynamodb_client(session: boto3.Session) -> DynamoDBClient:
    """A client of DynamoDB, made once for all tests."""
    return session.client("dynamodb")


@pytest.fixture
def dynamodb(aws: None, dynamodb_client: DynamoDBClient, notifications_table: dict[str, Any]) -> DynamoDBClient:
    """DynamoDB with the table of notifications as template.yaml has it."""
    client = dynamodb_client
    properties = ("AttributeDefinitions", "KeySchema", "BillingMode")
    client.create_table(TableName=TABLE, **{name: notifications_table[name] for name in properties})
    return client


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Metrics:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Shop")
    return Metrics()


@pytest.fixture(scope="session")
def messages() -> Messages:
    """The messages of this project, whose templates are compiled once."""
    return Messages(shop_name="The Analytical Bookshop")


@pytest.fixture
def notifier(
    messages: Messages,
    dynamodb: DynamoDBClient,
    ses: FakeSes,
    sns: FakeSns,
    queue: FakeQueue,
    metrics: Metrics,
    rate_limiter: RateLimiter,
    clock: FakeClock,
) -> Notifier:
    mail = MailChannel(
        messages=messages,
        mailer=Mailer(
            client=ses,
            sender=parse_address("orders@shop.example", name="The Shop"),
            configuration_set="orders",
            clock=clock,
        ),
        rate_limiter=rate_limiter,
        circuit_breaker=CircuitBreaker(clock=clock.monotonic),
    )
    sms = SmsChannel(
        messages=messages,
        sms_sender=SmsSender(client=sns),
        rate_limiter=rate_limiter,
        circuit_breaker=CircuitBreaker(clock=clock.monotonic),
    )
    return Notifier(
        ledger=Ledger(client=dynamodb, table=TABLE),
        messages=messages,
        channels={mail.name: mail, sms.name: sms},
        dead_letters=DeadLetters(client=queue, queue_url="https://queue.example"),
        metrics=metrics,
        max_age=timedelta(days=3),
        clock=clock,
    )


@pytest.fixture
def counted(metrics: Metrics, capsys: pytest.CaptureFixture[str]) -> Callable[[], dict[str, float]]:
    """Return the counts above zero since the last call, as CloudWatch gets them."""

    def read() -> dict[str, float]:
        metrics.flush()
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
        assert len(lines) <= 1
        return {
            metric["Name"]: count
            for line in lines
            for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
            if (count := sum(line[metric["Name"]]))
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
    collector.setFormatter(logger.registered_formatter)
    python_logger = logging.getLogger(logger.name)
    python_logger.addHandler(collector)
    yield lines
    python_logger.removeHandler(collector)
