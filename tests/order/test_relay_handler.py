"""Relay function as EventBridge invokes it: its handler, with a table in moto and a hand-written publisher."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.order.bootstrap import RELAY_SEND_BUDGET
from functions.order.domain.order import ORDER_CANCELLED, ORDER_PAID, Cancellation
from functions.order.handlers.relay_event import UnknownInvocationError
from functions.order.outbox.lease import Lease
from functions.order.outbox.relay import MAX_BATCH
from functions.order.storage.store import OrderStore
from tests.lambda_context import FakeContext
from tests.order.environment import plain_deployment
from tests.order.fakes import AWAY, TOO_LARGE, FakeEpochClock, FakeLog, FakeOutbox, FakePublisher
from tests.order.orders import NOON, order_of, store_orders, stored_item

if TYPE_CHECKING:
    from types import ModuleType

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.domain.order import Order

Run = Callable[[], dict[str, Any]]


@pytest.fixture
def publisher(relay: ModuleType, monkeypatch: pytest.MonkeyPatch) -> FakePublisher:
    """Replace the relay's publisher and its clock, which shows noon."""
    publisher, noon = FakePublisher(), FakeEpochClock().utc
    event_publisher = replace(relay.outbox_relay.event_publisher, publisher=publisher, clock=noon)
    monkeypatch.setattr(relay, "outbox_relay", replace(relay.outbox_relay, event_publisher=event_publisher, clock=noon))
    return publisher


@pytest.fixture
def run(relay: ModuleType, event: Callable[[str], Any]) -> Run:
    """Return a function that invokes the relay as EventBridge does, with a minute of time."""

    def start() -> dict[str, Any]:
        answer: dict[str, Any] = relay.handler(event("schedule/relay.json"), FakeContext("relay", remaining_ms=60_000))
        return answer

    return start


@pytest.fixture(autouse=True)
def log(relay: ModuleType, monkeypatch: pytest.MonkeyPatch) -> FakeLog:
    """Capture the log, so that stdout has the metrics alone."""
    return FakeLog(monkeypatch)


@pytest.fixture
def metrics(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """Return a function that gives the metrics since its last call, in CloudWatch's embedded format."""

    def printed() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return printed


def place(dynamodb: DynamoDBClient, number: int) -> Order:
    """Store order `number` of the tests, placed that many minutes before noon."""
    order = order_of(f"pay_{number}", created_at=NOON - timedelta(minutes=number))
    store_orders(dynamodb, [order])
    return order


def stored(dynamodb: DynamoDBClient, order: Order) -> Order:
    return OrderStore(client=dynamodb, table="orders").get_order(order.order_id)


def ids_in(dynamodb: DynamoDBClient) -> set[str]:
    return {item["order_id"]["S"] for item in dynamodb.scan(TableName="orders")["Items"]}


def test_relay_publishes_pending_events_oldest_first_and_reports_them(
    run: Run, dynamodb: DynamoDBClient, publisher: FakePublisher
) -> None:
    young, old = place(dynamodb, 1), place(dynamodb, 5)
    assert run() == {
        "published": 2,
        "quarantined": 0,
        "deferred": 0,
        "oldest_pending_seconds": 0.0,
        "interrupted": False,
    }
    assert [record.key for record in publisher.records] == [old.order_id, young.order_id]
    assert stored(dynamodb, old).pending == stored(dynamodb, young).pending == ()


def test_relay_publishes_both_events_of_a_cancelled_order_in_order(
    run: Run, dynamodb: DynamoDBClient, publisher: FakePublisher
) -> None:
    cancellation = Cancellation(reason="Changed my mind", cancelled_at=NOON, traceparent="00-" + "1" * 52)
    order = place(dynamodb, 1)
    OrderStore(client=dynamodb, table="orders").cancel(order.order_id, cancellation)
    assert run()["published"] == 2
    assert [record.event_type for record in publisher.records] == [ORDER_PAID, ORDER_CANCELLED]


def test_relay_leaves_orders_that_a_request_may_still_be_publishing(
    run: Run, dynamodb: DynamoDBClient, publisher: FakePublisher
) -> None:
    order = order_of(created_at=NOON - timedelta(seconds=11))
    store_orders(dynamodb, [order])
    assert run()["published"] == 0
    assert publisher.records == []


def test_metrics_count_relayed_and_refused_events_and_give_the_age_of_the_oldest_deferred(
    run: Run, dynamodb: DynamoDBClient, publisher: FakePublisher, metrics: Callable[[], list[dict[str, Any]]]
) -> None:
    place(dynamodb, 1)
    place(dynamodb, 2)
    refused, deferred = place(dynamodb, 3), place(dynamodb, 4)
    publisher.failures |= {refused.order_id: TOO_LARGE, deferred.order_id: AWAY}
    assert run() == {
        "published": 2,
        "quarantined": 1,
        "deferred": 1,
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
            {"Name": "EventsQuarantined", "Unit": "Count"},
            {"Name": "OldestPendingSeconds", "Unit": "Seconds"},
        ],
    }
    assert line["service"] == "order"
    assert (line["EventsRelayed"], line["EventsQuarantined"], line["OldestPendingSeconds"]) == ([2], [1], [240])


def test_metrics_are_written_without_pending_events(
    run: Run, dynamodb: DynamoDBClient, publisher: FakePublisher, metrics: Callable[[], list[dict[str, Any]]]
) -> None:
    run()
    [line] = metrics()
    assert (line["EventsRelayed"], line["EventsQuarantined"], line["OldestPendingSeconds"]) == ([0], [0], [0])


def test_an_idle_relay_logs_nothing(dynamodb: DynamoDBClient, publisher: FakePublisher, run: Run, log: FakeLog) -> None:
    run()
    assert [line for line in log.lines() if line["level"] != "DEBUG"] == []
    place(dynamodb, 1)
    run()
    assert len(publisher.records) == 1
    assert [line["published"] for line in log.lines() if line["message"] == "relay finished"][-1] == 1
    assert log.lines()[-1]["level"] == "INFO"


def test_the_alarms_of_the_template_use_metrics_that_the_relay_writes(
    run: Run, dynamodb: DynamoDBClient, publisher: FakePublisher, metrics: Callable[[], list[dict[str, Any]]]
) -> None:
    run()
    [line] = metrics()
    [described] = line["_aws"]["CloudWatchMetrics"]
    deployment = plain_deployment()
    variables = deployment.properties("RelayFunction")["Environment"]["Variables"]
    alarms = deployment.of_type("AWS::CloudWatch::Alarm")
    assert {"EventsWaitTooLong", "EventsQuarantined"} <= alarms.keys()
    for name in ("EventsWaitTooLong", "EventsQuarantined"):
        alarm = alarms[name]
        assert alarm["MetricName"] in {metric["Name"] for metric in described["Metrics"]}
        assert [[each["Name"] for each in alarm["Dimensions"]]] == described["Dimensions"]
        assert alarm["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
        assert alarm["Dimensions"] == [{"Name": "service", "Value": variables["POWERTOOLS_SERVICE_NAME"]}]


def test_a_relay_does_nothing_while_another_is_at_work(
    run: Run,
    dynamodb: DynamoDBClient,
    publisher: FakePublisher,
    metrics: Callable[[], list[dict[str, Any]]],
    relay: ModuleType,
    log: FakeLog,
) -> None:
    order = place(dynamodb, 1)
    with relay.lease.held(seconds=60):
        assert run() == {"skipped": "another relay is at work"}
    assert publisher.records == []
    assert metrics() == []
    assert [line["message"] for line in log.lines()] == ["another relay is at work"]
    assert stored(dynamodb, order).pending == (ORDER_PAID,)


def test_a_relay_holds_the_lease_only_while_it_works(
    run: Run, dynamodb: DynamoDBClient, publisher: FakePublisher, relay: ModuleType
) -> None:
    order = place(dynamodb, 1)
    seen = []
    publisher.on_send = lambda: seen.append(ids_in(dynamodb))
    run()
    assert seen == [{order.order_id, "lease#relay"}]
    assert ids_in(dynamodb) == {order.order_id}


def test_the_lease_lasts_longer_than_a_batch_can(
    run: Run,
    dynamodb: DynamoDBClient,
    publisher: FakePublisher,
    relay: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lease = Lease(client=dynamodb, table="orders", name="relay", clock=FakeEpochClock())
    monkeypatch.setattr(relay, "lease", lease)
    place(dynamodb, 1)
    until = []

    def note_until() -> None:
        until.append(int(stored_item(dynamodb, "lease#relay")["lease_until"]["N"]))

    publisher.on_send = note_until
    run()
    assert until == [pytest.approx(NOON.timestamp() + 22, abs=1)]
    assert until[0] > NOON.timestamp() + MAX_BATCH


def test_an_interrupted_run_reports_its_result_without_the_age_of_the_oldest(
    run: Run,
    dynamodb: DynamoDBClient,
    publisher: FakePublisher,
    relay: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    metrics: Callable[[], list[dict[str, Any]]],
) -> None:
    unreadable = FakeOutbox([], [], fails_at_the_end=True)
    monkeypatch.setattr(relay, "outbox_relay", replace(relay.outbox_relay, outbox=unreadable))
    assert run()["interrupted"]
    [line] = metrics()
    assert line["EventsRelayed"] == [0]
    assert "OldestPendingSeconds" not in line  # the alarm takes a missing metric for a failure
    assert ids_in(dynamodb) == set()


def test_relay_requeues_quarantined_orders_on_request(
    relay: ModuleType,
    run: Run,
    dynamodb: DynamoDBClient,
    publisher: FakePublisher,
) -> None:
    refused, other = place(dynamodb, 1), place(dynamodb, 2)
    relay.outbox.quarantine(refused, ORDER_PAID, reason="too large", now=NOON - timedelta(minutes=1))
    assert run()["published"] == 1
    asked = {"requeue": [refused.order_id, other.order_id, "ord_unknown"]}
    assert relay.handler(asked, FakeContext("order", remaining_ms=10_000)) == {"requeue": [refused.order_id]}
    item = stored_item(dynamodb, refused.order_id)
    assert "unpublishable" not in item
    assert "pending_shard" in item


def test_an_empty_event_runs_the_relay(relay: ModuleType, dynamodb: DynamoDBClient, publisher: FakePublisher) -> None:
    place(dynamodb, 1)
    assert relay.handler({}, FakeContext("relay", remaining_ms=60_000))["published"] == 1


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"put_back": ["ord_1"]}, 'put_back is called requeue now. Nothing was requeued: send {"requeue": ["ord_…"]}.'),
        ({"put_back": ["ord_1"], "requeue": "ord_1"}, "put_back is called requeue now."),
        ({"requeue": "ord_1"}, 'or {"requeue": ["ord_…"]} to requeue orders.'),
        ({"requeue": [1]}, 'or {"requeue": ["ord_…"]} to requeue orders.'),
        ({"requeue": ["ord_1"], "now": True}, 'or {"requeue": ["ord_…"]} to requeue orders.'),
        ({"orders": ["ord_1"]}, "The relay does not know this event, and did nothing. Send an empty event to publish"),
        ({"source": "shop"}, "The relay does not know this event, and did nothing."),
    ],
)
def test_the_relay_refuses_an_event_that_it_does_not_know_and_does_nothing(
    relay: ModuleType, dynamodb: DynamoDBClient, publisher: FakePublisher, event: dict[str, Any], message: str
) -> None:
    order = place(dynamodb, 1)
    with pytest.raises(UnknownInvocationError, match=re.escape(message)):
        relay.handler(event, FakeContext("relay", remaining_ms=60_000))
    assert publisher.records == []
    assert stored(dynamodb, order).pending == (ORDER_PAID,)


def test_the_metrics_of_one_run_are_not_in_the_next(
    run: Run, dynamodb: DynamoDBClient, publisher: FakePublisher, metrics: Callable[[], list[dict[str, Any]]]
) -> None:
    place(dynamodb, 1)
    run()
    run()
    assert [line["EventsRelayed"] for line in metrics()] == [[1], [0]]


def test_the_relay_connects_again_at_once_after_a_failed_send_with_its_own_budget(
    relay: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience: list[float] = []

    def connect(seconds: float) -> None:
        patience.append(seconds)
        raise OSError

    publisher = relay.outbox_relay.event_publisher.publisher
    monkeypatch.setattr(publisher, "_connect", connect)
    message: Any = None
    publisher.publish_all([message])
    publisher.publish_all([message])
    assert patience == [pytest.approx(RELAY_SEND_BUDGET, abs=0.5)] * 2


def test_nothing_personal_is_logged_or_printed_not_even_for_debugging(
    run: Run,
    dynamodb: DynamoDBClient,
    publisher: FakePublisher,
    log: FakeLog,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    well, refused, deferred = place(dynamodb, 1), place(dynamodb, 2), place(dynamodb, 3)
    publisher.failures |= {refused.order_id: TOO_LARGE, deferred.order_id: AWAY}
    with caplog.at_level(logging.DEBUG):
        run()
    said = log.getvalue() + caplog.text + "".join(capsys.readouterr())
    for order in (well, refused, deferred):
        assert order.order_id in said
    for personal in ("Ada", "Lovelace", "ada@", "cus_ada", "pay_"):
        assert personal not in said
