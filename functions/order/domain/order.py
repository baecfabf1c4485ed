"""What an order is, apart from HTTP, DynamoDB and Kafka."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

ORDER_PAID = "order.paid.v1"
ORDER_CANCELLED = "order.cancelled.v1"

Status = Literal["paid", "cancelled"]
Channel = Literal["mail", "text"]

_ORDER_ID = re.compile(r"ord_[a-z2-7]{26}")


@dataclass(frozen=True, kw_only=True)
class Customer:
    """Who paid, and where to reach them: `phone` in E.164, `locale` a BCP 47 tag.

    `channels` are those that the customer wants to be told by; None leaves it to whoever tells them.
    """

    id: str
    name: str
    email: str
    phone: str | None = None
    locale: str | None = None
    channels: tuple[Channel, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Item:
    """One line of an order; `unit_price` has exactly the digits of the order's currency."""

    sku: str
    name: str
    quantity: int
    unit_price: Decimal


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    """Why and when an order was cancelled, and the trace of the request that did it."""

    reason: str
    cancelled_at: datetime
    traceparent: str


@dataclass(frozen=True, kw_only=True)
class Order:
    """A paid order. What is above `status` never changes once recorded; `cancellation` is written once.

    `pending` names the event types that are still to be published, oldest first.
    """

    order_id: str
    payment_reference: str
    content_hash: str
    customer: Customer
    items: tuple[Item, ...]
    currency: str
    total: Decimal
    created_at: datetime
    traceparent: str
    status: Status = "paid"
    cancellation: Cancellation | None = None
    pending: tuple[str, ...] = (ORDER_PAID,)


@dataclass(frozen=True, kw_only=True)
class OrderSummary:
    """What a list of orders tells of each."""

    order_id: str
    status: Status
    customer_id: str
    currency: str
    total: Decimal
    created_at: datetime


def order_id_for(payment_reference: str) -> str:
    """The id follows from the payment, so that a payment has one order however often it is sent."""
    digest = hashlib.sha256(payment_reference.encode()).digest()
    return "ord_" + base64.b32encode(digest).decode()[:26].lower()


def is_order_id(text: str) -> bool:
    """Whether `text` has the form of our ids, not whether there is such an order."""
    return _ORDER_ID.fullmatch(text) is not None


def total_of(items: Iterable[Item]) -> Decimal:
    """What the items cost together, with the digits of their prices."""
    return sum((item.quantity * item.unit_price for item in items), start=Decimal(0))


def customer_of(document: Mapping[str, Any]) -> Customer:
    """The customer that a request or `facts` tells of."""
    channels = document.get("channels")
    return Customer(**{**document, "channels": None if channels is None else tuple(channels)})


def facts(order: Order) -> dict[str, Any]:
    """What the API, the table and the event tell alike, in JSON's types.

    Money is decimal strings, what the customer did not give is left out.
    """
    customer = {name: value for name, value in asdict(order.customer).items() if value is not None}
    if "channels" in customer:
        customer["channels"] = list(customer["channels"])
    return {
        "order_id": order.order_id,
        "customer": customer,
        "items": [{**asdict(item), "unit_price": str(item.unit_price)} for item in order.items],
        "currency": order.currency,
        "total": str(order.total),
    }


def rfc3339(moment: datetime) -> str:
    """A moment in UTC as text, such as 2026-11-22T10:15:30.000Z: as texts they sort as the moments do."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_milliseconds(moment: datetime) -> datetime:
    """The moment as `rfc3339` tells it, without what is below a millisecond."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
