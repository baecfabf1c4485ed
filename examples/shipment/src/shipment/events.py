"""Events: what this service reads of an order's events, and the event that it publishes (CloudEvents 1.0, JSON)."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from datetime import datetime

SHIPMENT_DISPATCHED = "shipment.dispatched.v1"


class _Model(BaseModel):
    # Its errors go into the log, which names no person.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Customer(_Model):
    """The customer, whom notify will address: it is passed on as the order has it."""

    id: str
    name: str
    email: str
    phone: str | None = None
    locale: str | None = None
    channels: list[str] | None = None


class OrderData(_Model):
    """The part of an order that a shipment needs."""

    order_id: str = Field(min_length=1)
    customer: Customer
    order_number: str | None = None


class OrderEvent(_Model):
    """An order's event: it is paid or cancelled."""

    type: Literal["order.paid.v1", "order.cancelled.v1"]
    traceparent: str = Field(pattern="^00-[0-9a-f]{32}-")
    data: OrderData

    @property
    def trace_id(self) -> str:
        """The 32 hex digits by which a search finds the log lines of all services about one request."""
        return self.traceparent.split("-")[1]


def rfc3339(moment: datetime) -> str:
    """Format a moment in UTC, such as 2026-11-22T10:15:30.000Z. The texts sort as the moments do."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shipment_dispatched(
    *, order: dict[str, Any], traceparent: str, carrier: str, tracking_code: str, dispatched_at: str
) -> str:
    """Build the event. `order` is OrderData as JSON, `dispatched_at` is in RFC 3339."""
    order_id = order["order_id"]
    event = {
        "specversion": "1.0",
        # Derived, so that a consumer recognises an event that is published twice.
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"/shipments/{order_id}/{SHIPMENT_DISPATCHED}")),
        "source": "/shipments",
        "type": SHIPMENT_DISPATCHED,
        "subject": order_id,
        "time": dispatched_at,
        "datacontenttype": "application/json",
        "traceparent": traceparent,
        "data": {**order, "carrier": carrier, "tracking_code": tracking_code, "dispatched_at": dispatched_at},
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))
