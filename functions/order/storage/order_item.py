"""Item of an order: how DynamoDB keeps it, with the keys of three indexes.

| index | keys | holds |
|---|---|---|
| `pending` | pending_shard, pending_since | orders that have a pending event |
| `by_status` | status_shard, listed_at | all orders, a few partitions for each status |
| `by_customer` | customer_id, listed_at | all orders |
"""

from __future__ import annotations

import zlib
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from functions.order.domain.order import Cancellation, Order, OrderLine, customer_of, snapshot
from functions.order.domain.order_page import OrderSummary
from functions.order.domain.timestamps import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.order.domain.order import Status

    DynamoItem = Mapping[str, Any]

# A partition of an index takes 1,000 writes a second; beyond that it holds up the writes of the table itself.
PENDING_SHARDS = 16
STATUS_SHARDS = 4

serialize_value = TypeSerializer().serialize
deserialize_value = TypeDeserializer().deserialize


def item_of(order: Order) -> dict[str, Any]:
    """Build the item of an order, which is pending; `order_of` reads it."""
    created_at = rfc3339(order.created_at)
    attributes = {
        **snapshot(order),
        "status": order.status,
        "created_at": created_at,
        "payment_reference": order.payment_reference,
        "content_hash": order.content_hash,
        "traceparent": order.traceparent,
        "pending": list(order.pending),
        "pending_shard": pending_shard(order.order_id),
        "pending_since": created_at,
        "status_shard": status_shard(order.status, order.order_id),
        "customer_id": order.customer.id,
        "listed_at": f"{created_at}#{order.order_id}",
    }
    if order.cancellation:
        attributes["cancellation"] = cancellation_attributes(order.cancellation)
    if order.erased_at:
        attributes["erased_at"] = rfc3339(order.erased_at)
    return serialize_attributes(attributes)


def order_of(item: DynamoItem) -> Order:
    """Read the order from its item."""
    attributes = _deserialize_attributes(item)
    return Order(
        order_id=attributes["order_id"],
        payment_reference=attributes["payment_reference"],
        content_hash=attributes["content_hash"],
        customer=customer_of(attributes["customer"]),
        lines=tuple(
            OrderLine(
                sku=each["sku"],
                name=each["name"],
                quantity=int(each["quantity"]),
                unit_price=Decimal(each["unit_price"]),
            )
            for each in attributes["items"]
        ),
        currency=attributes["currency"],
        total=Decimal(attributes["total"]),
        created_at=datetime.fromisoformat(attributes["created_at"]),
        traceparent=attributes["traceparent"],
        status=attributes["status"],
        cancellation=_cancellation_of(attributes.get("cancellation")),
        pending=tuple(attributes["pending"]),
        erased_at=datetime.fromisoformat(attributes["erased_at"]) if "erased_at" in attributes else None,
    )


def summary_of(item: DynamoItem) -> OrderSummary:
    """Read the summary from an entry of an index."""
    attributes = _deserialize_attributes(item)
    return OrderSummary(
        order_id=attributes["order_id"],
        status=attributes["status"],
        customer_id=attributes["customer_id"],
        currency=attributes["currency"],
        total=Decimal(attributes["total"]),
        created_at=datetime.fromisoformat(attributes["created_at"]),
    )


def cancellation_attributes(cancellation: Cancellation) -> dict[str, str]:
    """Build the attribute that holds the cancellation."""
    return {
        "reason": cancellation.reason,
        "cancelled_at": rfc3339(cancellation.cancelled_at),
        "traceparent": cancellation.traceparent,
    }


def pending_shard(order_id: str) -> int:
    """Return which of the PENDING_SHARDS an order belongs to."""
    return zlib.crc32(order_id.encode()) % PENDING_SHARDS


def status_shard(status: Status, order_id: str) -> str:
    """Return which of the STATUS_SHARDS of its status an order belongs to, such as `paid#3`."""
    return f"{status}#{zlib.crc32(order_id.encode()) % STATUS_SHARDS}"


def serialize_attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Turn attributes into DynamoDB's types."""
    return {name: serialize_value(value) for name, value in attributes.items()}


def _deserialize_attributes(item: DynamoItem) -> dict[str, Any]:
    return {name: deserialize_value(value) for name, value in item.items()}


def _cancellation_of(attributes: Mapping[str, str] | None) -> Cancellation | None:
    if attributes is None:
        return None
    return Cancellation(
        reason=attributes["reason"],
        cancelled_at=datetime.fromisoformat(attributes["cancelled_at"]),
        traceparent=attributes["traceparent"],
    )
