"""Events: what this service reads of a paid order, and the event that it publishes (CloudEvents 1.0, JSON)."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from datetime import datetime

REWARD_GRANTED = "reward.granted.v1"


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
    """The part of an order that a reward needs. `total` is in the order's currency."""

    order_id: str = Field(min_length=1)
    customer: Customer
    total: Decimal = Field(ge=0)
    order_number: str | None = None


class OrderPaid(_Model):
    """An order is paid."""

    type: Literal["order.paid.v1"]
    traceparent: str = Field(pattern="^00-[0-9a-f]{32}-")
    data: OrderData

    @property
    def trace_id(self) -> str:
        """The 32 hex digits by which a search finds the log lines of all services about one request."""
        return self.traceparent.split("-")[1]


def rfc3339(moment: datetime) -> str:
    """Format a moment in UTC, such as 2026-11-22T10:15:30.000Z. The texts sort as the moments do."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def reward_granted(paid: OrderPaid, *, points: int, granted_at: str) -> str:
    """Build the event. `granted_at` is in RFC 3339."""
    order_id = paid.data.order_id
    order = paid.data.model_dump(exclude_none=True, exclude={"total"})
    event = {
        "specversion": "1.0",
        # Derived, so that a consumer recognises an event that is published twice.
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"/rewards/{order_id}/{REWARD_GRANTED}")),
        "source": "/rewards",
        "type": REWARD_GRANTED,
        "subject": order_id,
        "time": granted_at,
        "datacontenttype": "application/json",
        "traceparent": paid.traceparent,
        "data": {**order, "points": points, "granted_at": granted_at},
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))
