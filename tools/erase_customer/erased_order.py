"""Erasure of an order: what may be erased when, and what is left. Amounts, products and ids stay: books need them."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from functions.order.domain.order import Customer

if TYPE_CHECKING:
    from datetime import datetime

    from functions.order.domain.order import Order

ERASED = "erased"
# No mail reaches a domain under .invalid (RFC 2606), and the API's answers still have an address, as they promise.
ERASED_ADDRESS = "erased@erased.invalid"


class Erasing(StrEnum):
    """Decision about an order of the customer."""

    ERASE = "erased"
    ERASED_BEFORE = "erased before"
    WAIT = "not erased: an event is pending. Run this again in some minutes"
    REPAIR = "not erased: its event is quarantined. Requeue it, and run this again"


def decide_erasing(order: Order, *, is_quarantined: bool) -> Erasing:
    """Decide about an order. An event is built from the order, so an order with a pending event has to wait."""
    if order.erased_at:
        return Erasing.ERASED_BEFORE
    if order.pending:
        return Erasing.REPAIR if is_quarantined else Erasing.WAIT
    return Erasing.ERASE


def erased_order(order: Order, *, now: datetime) -> Order:
    """Return the order without its customer's personal data.

    The id of the customer stays, and so does the hash of the content: a repeated request still finds its order.
    """
    cancellation = order.cancellation and replace(order.cancellation, reason=ERASED)
    customer = Customer(id=order.customer.id, name=ERASED, email=ERASED_ADDRESS)
    return replace(order, customer=customer, cancellation=cancellation, erased_at=now)
