"""Cancelling an order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from functions.order.domain.order import ORDER_CANCELLED, ORDER_PAID
from functions.order.producer.kafka_publisher import NotPublishedError
from tests.order.api.requests import ADA, CallApi, Event, with_body
from tests.order.orders import stored_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.order.fakes import FakeOrders, FakePublisher


def test_a_cancellation_is_answered_with_the_order_and_published(
    call: CallApi, ada: Event, cancel: Event, publisher: FakePublisher, dynamodb: DynamoDBClient
) -> None:
    placed = call(ada).json
    cancelled = call(cancel)
    assert cancelled.status == 200
    cancellation = cancelled.json["cancellation"]
    assert cancelled.json == {**placed, "status": "cancelled", "cancellation": cancellation}
    assert cancellation["reason"] == "Ordered twice by mistake"

    paid, published = publisher.records
    assert paid.key == published.key
    event = json.loads(published.value)
    assert (event["type"], event["traceparent"]) == (ORDER_CANCELLED, cancel["headers"]["traceparent"])
    assert event["data"]["cancelled_at"] == cancellation["cancelled_at"]
    item = stored_item(dynamodb, ADA)
    assert item["pending"] == {"L": []}
    assert "pending_shard" not in item


def test_a_repeated_cancellation_gets_the_same_answer_and_no_second_event(
    call: CallApi, ada: Event, cancel: Event, publisher: FakePublisher, dynamodb: DynamoDBClient
) -> None:
    call(ada)
    first = call(cancel)
    repeated = call(cancel)
    assert "Idempotent-Replayed" not in first.headers
    assert (repeated.status, repeated.headers["Idempotent-Replayed"]) == (200, "true")
    assert repeated.json == first.json
    assert len(publisher.records) == 2


def test_the_answer_to_another_reason_does_not_contain_the_first(
    call: CallApi, ada: Event, cancel: Event, dynamodb: DynamoDBClient
) -> None:
    call(ada)
    call(cancel)
    refused = call(with_body(cancel, {"reason": "Out of stock"}))
    assert refused.is_problem(409)
    assert "Ordered twice" not in json.dumps(refused.json)


def test_a_cancellation_waits_behind_a_pending_paid_event(
    call: CallApi, ada: Event, cancel: Event, publisher: FakePublisher, dynamodb: DynamoDBClient
) -> None:
    publisher.error = NotPublishedError("no acknowledgement")
    call(ada)
    publisher.error = None
    assert call(cancel).json["status"] == "cancelled"
    assert publisher.records == []
    assert stored_item(dynamodb, ADA)["pending"] == {"L": [{"S": ORDER_PAID}, {"S": ORDER_CANCELLED}]}


def test_an_unknown_order_is_not_cancelled(call: CallApi, cancel: Event, store: FakeOrders) -> None:
    assert call(cancel).is_problem(404)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "/reason"),
        ({"reason": ""}, "/reason"),
        ({"reason": "x" * 201}, "/reason"),
        ({"reason": "two\nlines"}, "/reason"),
        ({"reason": 5}, "/reason"),
        ({"reason": "late", "status": "paid"}, "/status"),
    ],
)
def test_a_cancellation_without_a_proper_reason_is_a_problem(
    call: CallApi, ada: Event, cancel: Event, store: FakeOrders, body: object, field: str
) -> None:
    call(ada)
    refused = call(with_body(cancel, body))
    assert refused.is_problem(422)
    assert [error["field"] for error in refused.json["errors"]] == [field]
    assert store.orders[ADA].status == "paid"
