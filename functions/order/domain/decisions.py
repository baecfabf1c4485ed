"""Rules of placing and cancelling, as pure functions: from the stored order and a request to a decision.

The state transition table in docs/architecture.md defines them. storage/store.py carries them out: its writes have a
condition that DynamoDB checks, and when an item fails the condition, the store asks here for the decision.

Placing is idempotent by the payment's reference, the idempotency key, and cancelling by the order's id and the reason.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from functions.order.domain.order import ORDER_CANCELLED

if TYPE_CHECKING:
    from functions.order.domain.order import Order


class Placing(Enum):
    """Decision about a request that places an order."""

    RECORD = auto()
    REPLAY = auto()
    REFUSE_PAYMENT_TAKEN = auto()


class Cancelling(Enum):
    """Decision about a request that cancels an order."""

    CANCEL = auto()
    REPLAY = auto()
    REFUSE_OTHER_REASON = auto()
    REFUSE_ERASED = auto()
    REFUSE_UNKNOWN = auto()


def decide_placing(found: Order | None, *, content_hash: str) -> Placing:
    """Decide about a request with this content, for a payment whose order is `found`; None: it has no order yet."""
    if found is None:
        return Placing.RECORD
    return Placing.REPLAY if found.content_hash == content_hash else Placing.REFUSE_PAYMENT_TAKEN


def decide_cancelling(found: Order | None, *, reason: str, customer_id: str | None) -> Cancelling:
    """Decide about a cancellation. `customer_id` is the customer whose orders the caller may read; None: all orders.

    An order that the caller may not read is as unknown as one that does not exist.
    """
    if found is None or customer_id not in {None, found.customer.id}:
        return Cancelling.REFUSE_UNKNOWN
    if found.erased_at:
        return Cancelling.REFUSE_ERASED
    if found.status == "paid":
        return Cancelling.CANCEL
    if found.cancellation is None or found.cancellation.reason != reason:
        return Cancelling.REFUSE_OTHER_REASON
    return Cancelling.REPLAY


def is_published_inline(cancelled: Order) -> bool:
    """Tell whether the request that cancelled the order publishes its event itself.

    An older pending event must be published first, by its own request or by the relay; then the relay publishes this.
    """
    return cancelled.pending == (ORDER_CANCELLED,)
