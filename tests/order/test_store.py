"""Orders in DynamoDB: recorded once, told apart by content, cancelled once."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.order.dynamodb import StoreUnavailableError
from functions.order.events import event_of
from functions.order.orders import Cancellation, Customer, Item, Order, order_id_for, total_of
from functions.order.outbox import Outbox
from functions.order.store import AlreadyCancelledError, OrderStore, OrderUnknownError, PaymentTakenError
from tests.order.conftest import order_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def store(dynamodb: DynamoDBClient) -> OrderStore:
    return OrderStore(client=dynamodb, table="orders")


def stored_item(dynamodb: DynamoDBClient, order: Order) -> dict[str, Any]:
    item: dict[str, Any] = dynamodb.get_item(TableName="orders", Key={"order_id": {"S": order.order_id}})["Item"]
    return item


def test_an_order_is_read_as_it_was_added(store: OrderStore) -> None:
    order = order_of()
    assert store.add(order) is None
    assert store.get(order.order_id) == order


def test_adding_again_hands_back_what_is_stored(store: OrderStore) -> None:
    order = order_of()
    store.add(order)
    later = replace(order, created_at=datetime(2026, 12, 1, tzinfo=UTC), traceparent="00-" + "1" * 52)
    assert store.add(later) == order
    assert store.get(order.order_id) == order


def test_a_payment_takes_no_second_order(store: OrderStore) -> None:
    order = order_of()
    store.add(order)
    with pytest.raises(PaymentTakenError):
        store.add(replace(order, content_hash="b" * 64))
    assert store.get(order.order_id) == order


@pytest.mark.parametrize("order_id", ["", "ord_", "x" * 3000, order_id_for("unknown")])
def test_an_order_that_is_not_there_is_unknown(store: OrderStore, order_id: str) -> None:
    with pytest.raises(OrderUnknownError):
        store.get(order_id)


def test_a_new_order_waits_in_the_index_of_what_is_pending(store: OrderStore, dynamodb: DynamoDBClient) -> None:
    order = order_of()
    store.add(order)
    item = stored_item(dynamodb, order)
    assert item["pending"] == {"L": [{"S": "order.paid.v1"}]}
    assert item["pending_since"] == {"S": "2026-11-22T10:15:30.000Z"}
    assert 0 <= int(item["pending_shard"]["N"]) < 16


def test_orders_spread_over_all_shards(store: OrderStore, dynamodb: DynamoDBClient) -> None:
    orders = [order_of(f"pay_{number}") for number in range(120)]
    for order in orders:
        store.add(order)
    assert {int(stored_item(dynamodb, order)["pending_shard"]["N"]) for order in orders} == set(range(16))


CANCELLATION = Cancellation(
    reason="Ordered twice by mistake",
    cancelled_at=datetime(2026, 11, 22, 10, 18, 5, 250_000, tzinfo=UTC),
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)


def test_a_cancellation_changes_the_status_and_pends_after_what_pends_already(
    store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    cancelled, is_new = store.cancel(order.order_id, CANCELLATION)
    assert is_new
    assert cancelled == store.get(order.order_id)
    assert cancelled == replace(
        order, status="cancelled", cancellation=CANCELLATION, pending=("order.paid.v1", "order.cancelled.v1")
    )
    item = stored_item(dynamodb, order)
    assert item["pending_since"] == {"S": "2026-11-22T10:15:30.000Z"}
    assert item["status_shard"]["S"].startswith("cancelled#")


def test_the_cancellation_of_a_published_order_pends_from_now_on(store: OrderStore, dynamodb: DynamoDBClient) -> None:
    order = order_of()
    store.add(order)
    Outbox(client=dynamodb, table="orders").mark_published(order, "order.paid.v1")
    cancelled, _ = store.cancel(order.order_id, CANCELLATION)
    assert cancelled.pending == ("order.cancelled.v1",)
    item = stored_item(dynamodb, order)
    assert item["pending_since"] == {"S": "2026-11-22T10:18:05.250Z"}
    assert "pending_shard" in item


def test_a_repeated_cancellation_finds_the_first(store: OrderStore) -> None:
    order = order_of()
    store.add(order)
    first, _ = store.cancel(order.order_id, CANCELLATION)
    later = replace(CANCELLATION, cancelled_at=datetime(2026, 12, 1, tzinfo=UTC), traceparent="00-" + "1" * 52)
    assert store.cancel(order.order_id, later) == (first, False)
    assert store.get(order.order_id) == first


def test_a_cancelled_order_is_not_cancelled_for_another_reason(store: OrderStore) -> None:
    order = order_of()
    store.add(order)
    first, _ = store.cancel(order.order_id, CANCELLATION)
    with pytest.raises(AlreadyCancelledError):
        store.cancel(order.order_id, replace(CANCELLATION, reason="Out of stock"))
    assert store.get(order.order_id) == first


@pytest.mark.parametrize("order_id", ["", "ord_", "x" * 3000, "lease#relay", order_id_for("unknown")])
def test_what_is_no_order_is_not_cancelled(store: OrderStore, dynamodb: DynamoDBClient, order_id: str) -> None:
    with pytest.raises(OrderUnknownError):
        store.cancel(order_id, CANCELLATION)
    assert dynamodb.scan(TableName="orders")["Items"] == []


def test_an_order_that_was_cancelled_is_still_found_by_its_payment(store: OrderStore) -> None:
    order = order_of()
    store.add(order)
    cancelled, _ = store.cancel(order.order_id, CANCELLATION)
    assert store.add(order) == cancelled


class LossyClient:
    """A DynamoDB client that loses the first answer to a write and, as botocore does, makes the call again."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client
        self.exceptions = client.exceptions
        self.lost = 0

    def put_item(self, **request: Any) -> Any:
        return self._twice(self._client.put_item, request)

    def update_item(self, **request: Any) -> Any:
        return self._twice(self._client.update_item, request)

    def _twice(self, call: Callable[..., Any], request: dict[str, Any]) -> Any:
        if not self.lost:
            self.lost += 1
            call(**request)
        return call(**request)


def test_an_order_whose_answer_was_lost_is_new_all_the_same(store: OrderStore, dynamodb: DynamoDBClient) -> None:
    order = order_of()
    client: Any = LossyClient(dynamodb)
    assert OrderStore(client=client, table="orders").add(order) is None
    assert client.lost == 1
    assert store.add(order) == order


def test_a_cancellation_whose_answer_was_lost_is_new_all_the_same(store: OrderStore, dynamodb: DynamoDBClient) -> None:
    order = order_of()
    store.add(order)
    client: Any = LossyClient(dynamodb)
    cancelled, is_new = OrderStore(client=client, table="orders").cancel(order.order_id, CANCELLATION)
    assert client.lost == 1
    assert is_new
    assert cancelled.pending == ("order.paid.v1", "order.cancelled.v1")
    assert store.cancel(order.order_id, CANCELLATION) == (cancelled, False)


class FailingClient:
    """A DynamoDB client every call of which fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.exceptions = boto3.client("dynamodb", region_name="eu-central-1").exceptions

    def __getattr__(self, _: str) -> Any:
        def call(**_: Any) -> None:
            raise self.error

        return call


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
def test_what_passes_by_itself_is_told_apart(error: Exception) -> None:
    client: Any = FailingClient(error)
    store = OrderStore(client=client, table="orders")
    order = order_of()
    with pytest.raises(StoreUnavailableError):
        store.add(order)
    with pytest.raises(StoreUnavailableError):
        store.get(order.order_id)
    with pytest.raises(StoreUnavailableError):
        store.cancel(order.order_id, CANCELLATION)


def test_what_does_not_pass_by_itself_is_not_called_unavailable() -> None:
    client: Any = FailingClient(client_error("AccessDeniedException", 400))
    with pytest.raises(ClientError, match="AccessDenied"):
        OrderStore(client=client, table="orders").add(order_of())


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
MONEY = st.decimals(min_value=0, max_value=Decimal("999999999999.99"), places=2)
ITEMS = st.lists(
    st.builds(Item, sku=TEXT, name=TEXT, quantity=st.integers(1, 10_000), unit_price=MONEY), min_size=1, max_size=5
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


@given(customer=CUSTOMERS, items=ITEMS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_comes_back_the_same_and_so_does_its_event(
    store: OrderStore, customer: Customer, items: tuple[Item, ...]
) -> None:
    # A payment of its own: the table stays the same from one example to the next.
    order = order_of(str(uuid.uuid4()), customer=customer, items=items, total=total_of(items))
    store.add(order)
    found = store.get(order.order_id)
    assert found == order
    assert event_of(found, "order.paid.v1") == event_of(order, "order.paid.v1")
