"""Events of an order, as the contract in events/ promises them: CloudEvents 1.0, structured JSON."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.order.domain.order import ORDER_CANCELLED, ORDER_PAID, snapshot
from functions.order.domain.order_number import order_number
from functions.order.domain.timestamps import rfc3339
from functions.order.errors import OrderError

if TYPE_CHECKING:
    from functions.order.domain.order import Order

CONTENT_TYPE = "application/cloudevents+json; charset=UTF-8"


@dataclass(frozen=True, kw_only=True)
class ProducerRecord:
    """An event as Kafka takes it: key, value and headers of the record. The type is for the logs."""

    event_type: str
    key: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = (("content-type", CONTENT_TYPE.encode()),)


class NoSuchEventError(OrderError):
    """The order has no event of this type."""


def event_of(order: Order, event_type: str) -> ProducerRecord:
    """Build the order's event of a type. It is the same, byte for byte, whenever it is built.

    Raises NoSuchEventError.
    """
    paid_at = rfc3339(order.created_at)
    data = {**snapshot(order), "order_number": order_number(order.order_id), "paid_at": paid_at}
    if event_type == ORDER_PAID:
        return _producer_record(order, event_type, time=paid_at, data=data)
    if event_type == ORDER_CANCELLED and (cancellation := order.cancellation):
        cancelled_at = rfc3339(cancellation.cancelled_at)
        return _producer_record(
            order,
            event_type,
            time=cancelled_at,
            data={**data, "cancelled_at": cancelled_at, "reason": cancellation.reason},
        )
    raise NoSuchEventError(f"{order.order_id} has no event of type {event_type}")


def traceparent_of(order: Order, event_type: str) -> str:
    """Return the trace of the request that caused the event."""
    if event_type == ORDER_CANCELLED and order.cancellation:
        return order.cancellation.traceparent
    return order.traceparent


def _producer_record(order: Order, event_type: str, *, time: str, data: dict[str, Any]) -> ProducerRecord:
    event = {
        "specversion": "1.0",
        # Derived, so that a consumer recognises an event that is published twice.
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"/orders/{order.order_id}/{event_type}")),
        "source": "/orders",
        "type": event_type,
        "subject": order.order_id,
        "time": time,
        "datacontenttype": "application/json",
        "traceparent": traceparent_of(order, event_type),
        "data": data,
    }
    value = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    return ProducerRecord(event_type=event_type, key=order.order_id, value=value)
