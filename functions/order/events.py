"""An order as events/ promises it to other services: CloudEvents 1.0, structured JSON."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.order.orders import ORDER_PAID, facts, rfc3339

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


def order_paid(order: Order) -> Message:
    """The paid event. It is the same, byte for byte, whenever it is built from the same order."""
    paid_at = rfc3339(order.created_at)
    return _message(order, ORDER_PAID, time=paid_at, data={**facts(order), "paid_at": paid_at})


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
        "traceparent": order.traceparent,
        "data": data,
    }
    value = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    return Message(event_type=event_type, key=order.order_id, value=value)
