"""The relay as EventBridge starts it: its handler, over a table that moto keeps and a hand-written publisher."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.order.dynamodb import StoreUnavailableError
from functions.order.items import item_of
from functions.order.lease import Lease
from functions.order.orders import ORDER_CANCELLED, ORDER_PAID, Cancellation
from functions.order.publisher import NotPublishedError, Receipt, RefusedError
from functions.order.store import OrderStore
from tests.order.conftest import order_of
from tests.template.conftest import PLAIN
from tests.template.deployment import deploy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.events import Message
    from functions.order.orders import Order

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
AWAY = NotPublishedError("no acknowledgement from Kafka: KafkaTimeoutError")
TOO_LARGE = RefusedError("Kafka refuses it for good: MessageSizeTooLargeError")

Run = Callable[[], dict[str, Any]]


@dataclass
class FakePublisher:
    """Acknowledges what it is given, but for the orders that have an outcome of their own in `failures`."""

    failures: dict[str, NotPublishedError] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    on_send: Callable[[], object] = lambda: None

    def publish_all(self, messages: Sequence[Message]) -> list[Receipt | NotPublishedError]:
        self.messages += messages
        self.on_send()
        acknowledged = Receipt(topic="order-events", partition=1, offset=7)
        return [self.failures.get(message.key, acknowledged) for message in messages]


@pytest.fixture
def publisher(relay: ModuleType, monkeypatch: pytest.MonkeyPatch) -> FakePublisher:
    """The relay's publisher; its clock shows noon."""
    publisher: Any = FakePublisher()
    monkeypatch.setattr(relay, "drain", replace(relay.drain, publisher=publisher, clock=lambda: NOON))
    fake: FakePublisher = publisher
    return fake


@pytest.fixture
def run(relay: ModuleType, event: Callable[[str], Any], context: Callable[..., Any]) -> Run:
    """Starts the relay as EventBridge does, with a minute of time."""

    def start() -> dict[str, Any]:
        answer: dict[str, Any] = relay.handler(
            event("schedule/relay.json"), context(function_name="relay", remaining_ms=60_000)
        )
        return answer

    return start


@pytest.fixture(autouse=True)
def log(relay: ModuleType, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is logged, so that stdout has the metrics alone."""
    from functions.order import drain

    log = io.StringIO()
    for logger in (relay.logger, drain.logger):
        monkeypatch.setattr(logger.registered_handler, "stream", log)
    return log


@pytest.fixture
def metrics(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """What was printed since the last look: metrics in CloudWatch's embedded format."""

    def printed() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return printed


def keep(dynamodb: DynamoDBClient, number: int) -> Order:
    """Store order `number` of the tests, placed that many minutes before noon."""
    order = order_of(f"pay_{number}", created_at=NOON - timedelta(minutes=number))
    dynamodb.put_item(TableName="orders", Item=item_of(order))
    return order


def stored(dynamodb: DynamoDBClient, order: Order) -> Order:
    return OrderStore(client=dynamodb, table="orders").get(order.order_id)


def ids_in(dynamodb: DynamoDBClient) -> set[str]:
    return {item["order_id"]["S"] for item in dynamodb.scan(TableName="orders")["Items"]}


def test_what_pends_is_published_oldest_first_and_reported(
    run: Run, dynamodb: DynamoDBClient, publisher: FakePublisher
) -> None:
    young, old = keep(dynamodb, 1), keep(dynamodb, 5)
    assert run() == {"published": 2, "unpublishable": 0, "left": 0, "oldest_pending_seconds": 0.0, "interrupted": False}
    assert [message.key for message in publisher.messages] == [old.order_id, young.order_id]
    assert stored(dynamodb, old).pending == stored(dynamodb, young).pending == ()


def test_both_events_of_a_cancelled_order_go_out_in_order(
    run: Run, dynamodb: DynamoDBClient, publisher: FakePublisher
) -> None:
    cancellation = Cancellation(reason="Changed my mind", cancelled_at=NOON, traceparent="00-" + "1" * 52)
    order = keep(dynamodb, 1)
    OrderStore(client=dynamodb, table="orders").cancel(order.order_id, cancellation)
    assert run()["published"] == 2
    assert [message.event_type for message in publisher.messages] == [ORDER_PAID, ORDER_CANCELLED]


def test_what_the_order_function_may_still_be_at_is_not_touched(
    run: Run, dynamodb: DynamoDBClient, publisher: FakePublisher
) -> None:
    order = order_of(created_at=NOON - timedelta(seconds=11))
    dynamodb.put_item(TableName="orders", Item=item_of(order))
    assert run()["published"] == 0
    assert publisher.messages == []


def test_metrics_say_how_much_was_relayed_and_refused_and_how_old_the_oldest_is_that_was_left(
    run: Run, dynamodb: DynamoDBClient, publisher: FakePublisher, metrics: Callable[[], list[dict[str, Any]]]
) -> None:
    keep(dynamodb, 1)
    keep(dynamodb, 2)
    refused, left = keep(dynamodb, 3), keep(dynamodb, 4)
    publisher.failures |= {refused.order_id: TOO_LARGE, left.order_id: AWAY}
    assert run() == {
        "published": 2,
        "unpublishable": 1,
        "left": 1,
        "oldest_pending_seconds": 240.0,
        "interrupted": False,
    }
    [line] = metrics()
    [described] = line["_aws"]["CloudWatchMetrics"]
    assert described == {
        "Namespace": "shop",
        "Dimensions": [["service"]],
        "Metrics": [
            {"Name": "EventsRelayed", "Unit": "Count"},
            {"Name": "EventsUnpublishable", "Unit": "Count"},
            {"Name": "OldestPendingSeconds", "Unit": "Seconds"},
        ],
    }
    assert line["service"] == "order"
    assert (line["EventsRelayed"], line["EventsUnpublishable"], line["OldestPendingSeconds"]) == ([2], [1], [240])


def test_metrics_are_there_although_nothing_pends(
    run: Run, dynamodb: DynamoDBClient, publisher: FakePublisher, metrics: Callable[[], list[dict[str, Any]]]
) -> None:
    run()
    [line] = metrics()
    assert (line["EventsRelayed"], line["EventsUnpublishable"], line["OldestPendingSeconds"]) == ([0], [0], [0])


def test_the_alarms_of_the_template_look_at_what_is_there(
    run: Run, dynamodb: DynamoDBClient, publisher: FakePublisher, metrics: Callable[[], list[dict[str, Any]]]
) -> None:
    run()
    [line] = metrics()
    [described] = line["_aws"]["CloudWatchMetrics"]
    deployment = deploy(**PLAIN)
    variables = deployment.properties("RelayFunction")["Environment"]["Variables"]
    alarms = deployment.of_type("AWS::CloudWatch::Alarm")
    assert {"EventsWaitTooLong", "EventsUnpublishable"} <= alarms.keys()
    for name in ("EventsWaitTooLong", "EventsUnpublishable"):
        alarm = alarms[name]
        assert alarm["MetricName"] in {metric["Name"] for metric in described["Metrics"]}
        assert [[each["Name"] for each in alarm["Dimensions"]]] == described["Dimensions"]
        assert alarm["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
        assert alarm["Dimensions"] == [{"Name": "service", "Value": variables["POWERTOOLS_SERVICE_NAME"]}]


def test_while_another_relay_is_at_work_this_one_does_nothing(
    run: Run,
    dynamodb: DynamoDBClient,
    publisher: FakePublisher,
    metrics: Callable[[], list[dict[str, Any]]],
    relay: ModuleType,
    log: io.StringIO,
) -> None:
    order = keep(dynamodb, 1)
    with relay.lease.held(seconds=60):
        assert run() == {"skipped": "another relay is at work"}
    assert publisher.messages == []
    assert metrics() == []
    assert [json.loads(line)["message"] for line in log.getvalue().splitlines()] == ["another relay is at work"]
    assert stored(dynamodb, order).pending == (ORDER_PAID,)


def test_while_it_works_it_has_the_lease_and_afterwards_not(
    run: Run, dynamodb: DynamoDBClient, publisher: FakePublisher, relay: ModuleType
) -> None:
    order = keep(dynamodb, 1)
    seen = []
    publisher.on_send = lambda: seen.append(ids_in(dynamodb))
    run()
    assert seen == [{order.order_id, "lease#relay"}]
    assert ids_in(dynamodb) == {order.order_id}


def test_its_lease_lasts_longer_than_its_invocation_can(
    run: Run,
    dynamodb: DynamoDBClient,
    publisher: FakePublisher,
    relay: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lease = Lease(client=relay.dynamodb, table="orders", name="relay", clock=NOON.timestamp)
    monkeypatch.setattr(relay, "lease", lease)
    keep(dynamodb, 1)
    until = []

    def note_until() -> None:
        item = dynamodb.get_item(TableName="orders", Key={"order_id": {"S": "lease#relay"}})["Item"]
        until.append(int(item["lease_until"]["N"]))

    publisher.on_send = note_until
    run()
    assert until == [pytest.approx(NOON.timestamp() + 62, abs=1)]
    assert until[0] > NOON.timestamp() + 60


class UnreadableOutbox:
    """An outbox that DynamoDB is away of."""

    def pending(self, *, before: datetime) -> Iterator[Any]:
        raise StoreUnavailableError


def test_a_run_that_cannot_read_on_says_what_it_did_and_not_how_old_the_oldest_is(
    run: Run,
    dynamodb: DynamoDBClient,
    publisher: FakePublisher,
    relay: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    metrics: Callable[[], list[dict[str, Any]]],
) -> None:
    monkeypatch.setattr(relay, "drain", replace(relay.drain, outbox=UnreadableOutbox()))
    assert run()["interrupted"]
    [line] = metrics()
    assert line["EventsRelayed"] == [0]
    assert "OldestPendingSeconds" not in line  # which the alarm on the oldest takes for trouble
    assert ids_in(dynamodb) == set()


def test_what_was_set_aside_is_put_back_on_request_and_published(
    relay: ModuleType,
    run: Run,
    dynamodb: DynamoDBClient,
    publisher: FakePublisher,
    context: Callable[..., Any],
) -> None:
    aside, other = keep(dynamodb, 1), keep(dynamodb, 2)
    relay.outbox.set_aside(aside, ORDER_PAID, reason="too large", now=NOON - timedelta(minutes=1))
    assert run()["published"] == 1
    asked = {"put_back": [aside.order_id, other.order_id, "ord_unknown"]}
    assert relay.handler(asked, context()) == {"put_back": [aside.order_id]}
    item = dynamodb.get_item(TableName="orders", Key={"order_id": {"S": aside.order_id}})["Item"]
    assert "unpublishable" not in item
    assert "pending_shard" in item


def test_the_metrics_of_one_run_are_not_in_the_next(
    run: Run, dynamodb: DynamoDBClient, publisher: FakePublisher, metrics: Callable[[], list[dict[str, Any]]]
) -> None:
    keep(dynamodb, 1)
    run()
    run()
    assert [line["EventsRelayed"] for line in metrics()] == [[1], [0]]


def test_after_a_failed_send_it_connects_again_at_once_and_with_more_patience_than_a_request(
    relay: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience: list[float] = []

    def connect(seconds: float) -> None:
        patience.append(seconds)
        raise OSError

    publisher = relay.drain.publisher
    monkeypatch.setattr(publisher, "_connect", connect)
    message: Any = None
    publisher.publish_all([message])
    publisher.publish_all([message])
    assert patience == [pytest.approx(relay.SEND_BUDGET, abs=0.5)] * 2


def test_nothing_personal_is_logged_or_printed_not_even_for_debugging(
    run: Run,
    dynamodb: DynamoDBClient,
    publisher: FakePublisher,
    log: io.StringIO,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    well, refused, left = keep(dynamodb, 1), keep(dynamodb, 2), keep(dynamodb, 3)
    publisher.failures |= {refused.order_id: TOO_LARGE, left.order_id: AWAY}
    with caplog.at_level(logging.DEBUG):
        run()
    said = log.getvalue() + caplog.text + "".join(capsys.readouterr())
    for order in (well, refused, left):
        assert order.order_id in said
    for personal in ("Ada", "Lovelace", "ada@", "cus_ada", "pay_"):
        assert personal not in said
