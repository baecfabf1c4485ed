"""Sample orders of the order function's tests, and helpers that store them and read their items."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from functions.order.domain.order import (
    ORDER_CANCELLED,
    ORDER_PAID,
    Cancellation,
    Customer,
    Order,
    OrderLine,
    order_id_for,
    total_of,
)
from functions.order.outbox.table import PendingOrder
from functions.order.storage.order_item import item_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import WriteRequestTypeDef

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CANCELLATION = Cancellation(
    reason="Ordered twice by mistake",
    cancelled_at=datetime(2026, 11, 22, 10, 18, 5, 250_000, tzinfo=UTC),
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)


def order_of(reference: str = "pay_1", **changes: Any) -> Order:
    """Return a paid order of Ada's, for the payment `reference`, with `changes`."""
    lines = (OrderLine(sku="BOOK-1", name="Notes on the Engine", quantity=2, unit_price=Decimal("12.50")),)
    order = Order(
        order_id=order_id_for(reference),
        payment_reference=reference,
        content_hash="a" * 64,
        customer=Customer(id="cus_ada", name="Ada Lovelace", email="ada@example.com"),
        lines=lines,
        currency="EUR",
        total=total_of(lines),
        created_at=datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC),
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )
    return replace(order, **changes)


def cancelled_order(reference: str = "pay_1", **changes: Any) -> Order:
    """Return Ada's order, cancelled, with both events pending."""
    both = (ORDER_PAID, ORDER_CANCELLED)
    return order_of(reference, **{"status": "cancelled", "cancellation": CANCELLATION, "pending": both, **changes})


def pending_order(number: int, *event_types: str, **changes: Any) -> PendingOrder:
    """Return order `number`, pending for that many minutes before noon; with order.paid.v1 if no type is given."""
    order = order_of(f"pay_{number}", pending=event_types or (ORDER_PAID,), **changes)
    return PendingOrder(order=order, since=NOON - timedelta(minutes=number))


def pending_cancellation(number: int) -> PendingOrder:
    """Return order `number`, cancelled, with both events pending for that many minutes before noon."""
    return PendingOrder(order=cancelled_order(f"pay_{number}"), since=NOON - timedelta(minutes=number))


def store_orders(dynamodb: DynamoDBClient, orders: Iterable[Order]) -> None:
    """Store the orders, as many in a call as DynamoDB takes."""
    puts: Iterator[WriteRequestTypeDef] = ({"PutRequest": {"Item": item_of(order)}} for order in orders)
    while batch := list(islice(puts, 25)):
        dynamodb.batch_write_item(RequestItems={"orders": batch})


def stored_item(dynamodb: DynamoDBClient, order_id: str) -> dict[str, Any]:
    """Return the item of an order, in DynamoDB's types."""
    item: dict[str, Any] = dynamodb.get_item(TableName="orders", Key={"order_id": {"S": order_id}})["Item"]
    return item
