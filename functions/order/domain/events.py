"""An order as events/ promises it to other services: CloudEvents 1.0, structured JSON."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.order.orders import ORDER_CANCELLED, ORDER_PAID, facts, rfc3339

if TYPE_CHECKING:
    from functions.order.orders import Order

CONTENT_TYPE = "application/cloudevents+json; charset=UTF-8"


@dataclass(frozen=True, kw_only=True)
class Message:
    """An event as Kafka takes it: its type for the logs, then key, value and headers of the record."""

    event_type: str
    key: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = (("content-type", CONTENT_TYPE.encode()),)


class NoSuchEventError(Exception):
    """The order has no event of this type."""


def event_of(order: Order, event_type: str) -> Message:
    """The order's event of a type. It is the same, byte for byte, whenever it is built.

    Raises NoSuchEventError.
    """
    paid_at = rfc3339(order.created_at)
    data = {**facts(order), "paid_at": paid_at}
    if event_type == ORDER_PAID:
        return _message(order, event_type, time=paid_at, data=data)
    if event_type == ORDER_CANCELLED and (cancellation := order.cancellation):
        cancelled_at = rfc3339(cancellation.cancelled_at)
        return _message(
            order,
            event_type,
            time=cancelled_at,
            data={**data, "cancelled_at": cancelled_at, "reason": cancellation.reason},
        )
    raise NoSuchEventError(f"{order.order_id} has no {event_type}")


def traceparent_of(order: Order, event_type: str) -> str:
    """The trace of the request that caused the event."""
    if event_type == ORDER_CANCELLED and order.cancellation:
        return order.cancellation.traceparent
    return order.traceparent


def _message(order: Order, event_type: str, *, time: str, data: dict[str, Any]) -> Message:
    event = {
        "specversion": "1.0",
        # Derived, so that a consumer recognises an event that is published again.
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
    return Message(event_type=event_type, key=order.order_id, value=value)
