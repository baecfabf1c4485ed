"""Placing an order: it is recorded, published and answered, whatever fails."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kafka.errors import KafkaTimeoutError, NotLeaderForPartitionError

from functions.order.domain.order import ORDER_PAID
from functions.order.producer.kafka_publisher import KafkaPublisher, NotPublishedError
from functions.order.storage.client import StoreUnavailableError, dynamodb_client
from functions.order.storage.store import OrderStore
from tests.order.api.requests import ADA, CallApi, Event, as_caller, with_body, with_route
from tests.order.orders import stored_item

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.order.fakes import FakeLog, FakeOrders, FakePublisher


CREATE_EVENTS = sorted((Path(__file__).parents[3] / "events/api").glob("create-order-*.json"))


@pytest.mark.parametrize("path", CREATE_EVENTS, ids=lambda path: path.stem)
def test_each_sample_order_is_recorded_published_and_readable(
    path: Path, call: CallApi, publisher: FakePublisher, dynamodb: DynamoDBClient
) -> None:
    request: Event = json.loads(path.read_text(encoding="utf-8"))
    sent = json.loads(request["body"])
    placed = call(request)
    order = placed.json
    assert placed.status == 201
    assert placed.headers["Location"] == f"/orders/{order['order_id']}"
    assert order == {
        "order_id": order["order_id"],
        "status": "paid",
        "customer": sent["customer"],
        "items": sent["items"],
        "currency": sent["currency"],
        "total": order["total"],
        "created_at": order["created_at"],
    }

    read = call(as_caller(with_route(request, "GET", placed.headers["Location"]), sub=sent["customer"]["id"]))
    assert (read.status, read.json) == (200, order)

    [record] = publisher.records
    assert record.key == order["order_id"]
    snapshot = {name: order[name] for name in ("order_id", "customer", "items", "currency", "total")}
    assert json.loads(record.value)["data"] == {**snapshot, "paid_at": order["created_at"]}

    item = stored_item(dynamodb, order["order_id"])
    assert item["pending"] == {"L": []}
    assert "pending_shard" not in item


def test_the_sample_read_finds_the_sample_order(
    call: CallApi, ada: Event, event: Callable[[str], Event], dynamodb: DynamoDBClient
) -> None:
    assert call(event("api/get-order.json")).is_problem(404)
    call(ada)
    assert call(event("api/get-order.json")).json["order_id"] == ADA


def test_the_callers_trace_goes_into_the_event(
    call: CallApi, ada: Event, publisher: FakePublisher, store: FakeOrders
) -> None:
    call(ada)
    traceparent = json.loads(publisher.records[0].value)["traceparent"]
    assert traceparent == ada["headers"]["traceparent"] == store.orders[ADA].traceparent


def test_a_repeated_request_is_answered_with_the_stored_order(
    call: CallApi, ada: Event, publisher: FakePublisher, dynamodb: DynamoDBClient
) -> None:
    placed = call(ada)
    body = json.loads(ada["body"])
    repeated = call(with_body(ada, dict(reversed(body.items()))))
    assert repeated.status == 200
    assert repeated.headers["Idempotent-Replayed"] == "true"
    assert repeated.json == placed.json
    assert len(publisher.records) == 1


def test_a_new_order_whose_answer_was_lost_is_answered_and_published_as_new(
    app: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    call: CallApi,
    ada: Event,
    publisher: FakePublisher,
    dynamodb: DynamoDBClient,
) -> None:
    statuses = []

    def lose_the_first(attempts: int, response: Any, **_: Any) -> float | None:
        statuses.append(response[0].status_code)
        return 0.0 if attempts == 1 else None  # seconds that botocore waits before it repeats the call

    client = dynamodb_client()
    events: Any = client.meta.events  # its types allow only handlers that return nothing
    events.register("needs-retry.dynamodb.PutItem", lose_the_first)
    monkeypatch.setattr(app, "store", OrderStore(client=client, table="orders"))
    assert call(ada).status == 201
    assert statuses == [200, 400]  # the second attempt finds what the first has written
    assert len(publisher.records) == 1
    assert stored_item(dynamodb, ADA)["pending"] == {"L": []}


def test_a_repeated_request_leaves_the_pending_event_to_the_relay(
    call: CallApi, ada: Event, publisher: FakePublisher, dynamodb: DynamoDBClient
) -> None:
    publisher.error = NotPublishedError("no acknowledgement")
    placed = call(ada)
    publisher.error = None
    repeated = call(ada)
    assert (repeated.status, repeated.headers["Idempotent-Replayed"], repeated.json) == (200, "true", placed.json)
    assert publisher.records == []
    assert stored_item(dynamodb, ADA)["pending"] == {"L": [{"S": ORDER_PAID}]}


def test_the_answer_to_another_order_for_a_payment_contains_nothing_of_the_first(
    call: CallApi, ada: Event, new_order_body: Callable[[], Event], dynamodb: DynamoDBClient
) -> None:
    call(ada)
    body = new_order_body()
    body["customer"] = {"id": "cus_eve", "name": "Eve", "email": "eve@example.com"}
    refused = call(with_body(ada, body))
    assert refused.is_problem(409)
    assert not any(word in json.dumps(refused.json) for word in ("Ada", "ada@example.com", "25.00", ADA))


@pytest.mark.parametrize(
    "producer_error", [OSError("away"), KafkaTimeoutError("slow"), NotLeaderForPartitionError("failing")]
)
def test_an_order_is_placed_and_stays_pending_whatever_the_brokers_error(
    app: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    call: CallApi,
    ada: Event,
    dynamodb: DynamoDBClient,
    log: FakeLog,
    producer_error: Exception,
) -> None:
    def connect(_: float) -> Any:
        raise producer_error

    kafka = KafkaPublisher(topic="order-events", connect=connect)
    monkeypatch.setattr(app, "event_publisher", replace(app.event_publisher, publisher=kafka))
    assert call(ada).status == 201
    assert stored_item(dynamodb, ADA)["pending"] == {"L": [{"S": "order.paid.v1"}]}
    deferred = log.lines()[-1]
    assert (deferred["level"], deferred["message"]) == ("WARNING", "event deferred")
    assert type(producer_error).__name__ in deferred["reason"]


def test_an_event_that_cannot_be_marked_is_deferred_and_the_order_placed(
    call: CallApi, ada: Event, store: FakeOrders, log: FakeLog
) -> None:
    store.mark_error = StoreUnavailableError()
    assert call(ada).status == 201
    assert store.orders[ADA].pending == ("order.paid.v1",)
    assert [line["message"] for line in log.lines()] == ["order recorded", "event published", "event deferred"]


def test_the_send_leaves_time_for_the_mark(
    call: CallApi, ada: Event, store: FakeOrders, publisher: FakePublisher
) -> None:
    call(ada, remaining_ms=9_000)
    assert publisher.budgets == [1.5]


def test_nothing_is_published_without_the_store_and_the_caller_may_retry(
    call: CallApi, ada: Event, store: FakeOrders, publisher: FakePublisher, event: Callable[[str], Event]
) -> None:
    store.error = StoreUnavailableError()
    for answer in (call(ada), call(event("api/get-order.json"))):
        assert answer.is_problem(503)
        assert int(answer.headers["Retry-After"]) > 0
    assert publisher.records == []
