"""Order store: each order is recorded once, compared by content, and cancelled once."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.order.domain.events import event_of
from functions.order.domain.order import Customer, OrderLine, order_id_for, total_of
from functions.order.outbox.table import Outbox
from functions.order.storage.client import StoreUnavailableError
from functions.order.storage.store import AlreadyCancelledError, OrderStore, OrderUnknownError, PaymentTakenError
from tests.exception_classes import make_classes_at_each_use
from tests.order.fakes import FailingClient, LossyClient
from tests.order.orders import CANCELLATION, order_of, stored_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def store(dynamodb: DynamoDBClient) -> OrderStore:
    return store_of(dynamodb)


def store_of(client: Any) -> OrderStore:
    return OrderStore(client=client, table="orders")


def test_store_returns_an_order_as_it_was_added(store: OrderStore) -> None:
    order = order_of()
    assert store.add(order) is None
    assert store.get_order(order.order_id) == order


def test_a_repeated_add_returns_the_stored_order(store: OrderStore) -> None:
    order = order_of()
    store.add(order)
    later = replace(order, created_at=datetime(2026, 12, 1, tzinfo=UTC), traceparent="00-" + "1" * 52)
    assert store.add(later) == order
    assert store.get_order(order.order_id) == order


def test_store_refuses_a_second_order_for_a_payment(store: OrderStore) -> None:
    order = order_of()
    store.add(order)
    with pytest.raises(PaymentTakenError):
        store.add(replace(order, content_hash="b" * 64))
    assert store.get_order(order.order_id) == order


@pytest.mark.parametrize("order_id", ["", "ord_", "x" * 3000, order_id_for("unknown")])
def test_an_order_that_does_not_exist_is_unknown(store: OrderStore, order_id: str) -> None:
    with pytest.raises(OrderUnknownError):
        store.get_order(order_id)


def test_a_new_order_is_in_the_index_of_pending_orders(store: OrderStore, dynamodb: DynamoDBClient) -> None:
    order = order_of()
    store.add(order)
    item = stored_item(dynamodb, order.order_id)
    assert item["pending"] == {"L": [{"S": "order.paid.v1"}]}
    assert item["pending_since"] == {"S": "2026-11-22T10:15:30.000Z"}
    assert 0 <= int(item["pending_shard"]["N"]) < 16


def test_orders_spread_over_all_shards(store: OrderStore, dynamodb: DynamoDBClient) -> None:
    orders = [order_of(f"pay_{number}") for number in range(120)]
    for order in orders:
        store.add(order)
    assert {int(stored_item(dynamodb, order.order_id)["pending_shard"]["N"]) for order in orders} == set(range(16))


def test_a_cancellation_changes_the_status_and_its_event_is_pending_last(
    store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    cancelled, is_new = store.cancel(order.order_id, CANCELLATION)
    assert is_new
    assert cancelled == store.get_order(order.order_id)
    assert cancelled == replace(
        order, status="cancelled", cancellation=CANCELLATION, pending=("order.paid.v1", "order.cancelled.v1")
    )
    item = stored_item(dynamodb, order.order_id)
    assert item["pending_since"] == {"S": "2026-11-22T10:15:30.000Z"}
    assert item["status_shard"]["S"].startswith("cancelled#")


def test_the_cancellation_of_a_published_order_is_pending_since_the_cancellation(
    store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    Outbox(client=dynamodb, table="orders").mark_published(order, "order.paid.v1")
    cancelled, _ = store.cancel(order.order_id, CANCELLATION)
    assert cancelled.pending == ("order.cancelled.v1",)
    item = stored_item(dynamodb, order.order_id)
    assert item["pending_since"] == {"S": "2026-11-22T10:18:05.250Z"}
    assert "pending_shard" in item


def test_a_repeated_cancellation_returns_the_first(store: OrderStore) -> None:
    order = order_of()
    store.add(order)
    first, _ = store.cancel(order.order_id, CANCELLATION)
    later = replace(CANCELLATION, cancelled_at=datetime(2026, 12, 1, tzinfo=UTC), traceparent="00-" + "1" * 52)
    assert store.cancel(order.order_id, later) == (first, False)
    assert store.get_order(order.order_id) == first


def test_a_cancelled_order_is_not_cancelled_for_another_reason(store: OrderStore) -> None:
    order = order_of()
    store.add(order)
    first, _ = store.cancel(order.order_id, CANCELLATION)
    with pytest.raises(AlreadyCancelledError):
        store.cancel(order.order_id, replace(CANCELLATION, reason="Out of stock"))
    assert store.get_order(order.order_id) == first


@pytest.mark.parametrize("order_id", ["", "ord_", "x" * 3000, "lease#relay", order_id_for("unknown")])
def test_store_cancels_only_orders(store: OrderStore, dynamodb: DynamoDBClient, order_id: str) -> None:
    with pytest.raises(OrderUnknownError):
        store.cancel(order_id, CANCELLATION)
    assert dynamodb.scan(TableName="orders")["Items"] == []


def test_a_repeated_add_returns_the_order_that_was_cancelled_meanwhile(store: OrderStore) -> None:
    order = order_of()
    store.add(order)
    cancelled, _ = store.cancel(order.order_id, CANCELLATION)
    assert store.add(order) == cancelled


def test_an_order_is_new_although_dynamodbs_first_answer_was_lost(store: OrderStore, dynamodb: DynamoDBClient) -> None:
    order = order_of()
    client = LossyClient(dynamodb)
    assert store_of(client).add(order) is None
    assert client.lost == ["put_item"]
    assert store.add(order) == order


def test_a_cancellation_is_new_although_dynamodbs_first_answer_was_lost(
    store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    client = LossyClient(dynamodb)
    cancelled, is_new = store_of(client).cancel(order.order_id, CANCELLATION)
    assert client.lost == ["update_item"]
    assert is_new
    assert cancelled.pending == ("order.paid.v1", "order.cancelled.v1")
    assert store.cancel(order.order_id, CANCELLATION) == (cancelled, False)


def client_error(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutItem")  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://dynamodb.example"),
        ReadTimeoutError(endpoint_url="https://dynamodb.example"),
        ResponseParserError("no JSON"),
        client_error("ThrottlingException", 400),
        client_error("ProvisionedThroughputExceededException", 400),
        client_error("InternalServerError", 500),
        client_error("ServiceUnavailable", 503),
    ],
    ids=lambda error: str(error)[:60],
)
def test_temporary_errors_of_dynamodb_mean_that_the_store_is_unavailable(error: Exception) -> None:
    store = store_of(FailingClient(error))
    order = order_of()
    with pytest.raises(StoreUnavailableError):
        store.add(order)
    with pytest.raises(StoreUnavailableError):
        store.get_order(order.order_id)
    with pytest.raises(StoreUnavailableError):
        store.cancel(order.order_id, CANCELLATION)


def test_a_failed_condition_is_told_by_its_code_and_not_by_a_class_of_botocore(
    dynamodb: DynamoDBClient, store: OrderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = order_of()
    assert store.add(order) is None
    make_classes_at_each_use(dynamodb, monkeypatch)
    found = store.add(order)
    assert found
    assert found.order_id == order.order_id


def test_a_lasting_error_of_dynamodb_passes_through() -> None:
    store = store_of(FailingClient(client_error("AccessDeniedException", 400)))
    with pytest.raises(ClientError, match="AccessDenied"):
        store.add(order_of())


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
MONEY = st.decimals(min_value=0, max_value=Decimal("999999999999.99"), places=2)
LINES = st.lists(
    st.builds(OrderLine, sku=TEXT, name=TEXT, quantity=st.integers(1, 10_000), unit_price=MONEY), min_size=1, max_size=5
).map(tuple)
CUSTOMERS = st.builds(
    Customer,
    id=TEXT,
    name=TEXT,
    email=TEXT,
    phone=st.none() | TEXT,
    locale=st.none() | TEXT,
    channels=st.sampled_from([None, ("mail",), ("text",), ("mail", "text"), ("text", "mail")]),
)


@given(customer=CUSTOMERS, lines=LINES)
@settings(
    max_examples=min(30, settings().max_examples),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_store_keeps_any_order_and_its_event_the_same(
    store: OrderStore, customer: Customer, lines: tuple[OrderLine, ...]
) -> None:
    # Each example has its own payment, since all examples share one table.
    order = order_of(str(uuid.uuid4()), customer=customer, lines=lines, total=total_of(lines))
    store.add(order)
    found = store.get_order(order.order_id)
    assert found == order
    assert event_of(found, "order.paid.v1") == event_of(order, "order.paid.v1")
