"""Orders, apart from HTTP, DynamoDB and Kafka."""

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
ChannelName = Literal["mail", "text"]

ORDER_ID = "^ord_[a-z2-7]{26}$"


@dataclass(frozen=True, kw_only=True)
class Customer:
    """The customer who paid, and how to reach them: `phone` in E.164, `locale` a BCP 47 tag.

    `channels` are those that the customer chose; with None, the notifying service chooses.
    """

    id: str
    name: str
    email: str
    phone: str | None = None
    locale: str | None = None
    channels: tuple[ChannelName, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class OrderLine:
    """One line of an order; `unit_price` has exactly the digits of the order's currency."""

    sku: str
    name: str
    quantity: int
    unit_price: Decimal


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    """The reason and the time of a cancellation, and the trace of the request that asked for it."""

    reason: str
    cancelled_at: datetime
    traceparent: str


@dataclass(frozen=True, kw_only=True)
class Order:
    """A paid order. The fields above `status` never change once recorded; `cancellation` is written once.

    `pending` names the types of the events that are not yet published, oldest first. At `erased_at`, the customer's
    personal data was replaced; such an order has no pending event, and does not change any more.
    """

    order_id: str
    payment_reference: str
    content_hash: str
    customer: Customer
    lines: tuple[OrderLine, ...]
    currency: str
    total: Decimal
    created_at: datetime
    traceparent: str
    status: Status = "paid"
    cancellation: Cancellation | None = None
    pending: tuple[str, ...] = (ORDER_PAID,)
    erased_at: datetime | None = None


def order_id_for(payment_reference: str) -> str:
    """Derive the order's id from the payment's reference, which is the idempotency key of placing an order.

    So a payment has one order, however often it is sent.
    """
    digest = hashlib.sha256(payment_reference.encode()).digest()
    return "ord_" + base64.b32encode(digest).decode()[:26].lower()


def is_order_id(text: str) -> bool:
    """Tell whether `text` has the form of an order's id; such an order need not exist."""
    return re.fullmatch(ORDER_ID, text) is not None


def total_of(lines: Iterable[OrderLine]) -> Decimal:
    """Sum up the lines, with the digits of their prices."""
    return sum((line.quantity * line.unit_price for line in lines), start=Decimal(0))


def customer_of(document: Mapping[str, Any]) -> Customer:
    """Build the customer from a request, or from a `snapshot`."""
    channels = document.get("channels")
    return Customer(**{**document, "channels": None if channels is None else tuple(channels)})


def snapshot(order: Order) -> dict[str, Any]:
    """Return the part of an order that the API, the table and the event have in common, in JSON's types.

    Money is a decimal string. A field that the customer did not give is left out.
    """
    customer = {name: value for name, value in asdict(order.customer).items() if value is not None}
    if "channels" in customer:
        customer["channels"] = list(customer["channels"])
    return {
        "order_id": order.order_id,
        "customer": customer,
        "items": [{**asdict(line), "unit_price": str(line.unit_price)} for line in order.lines],
        "currency": order.currency,
        "total": str(order.total),
    }
