"""Event of an invocation of the relay: the schedule's, or a person's request to requeue orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.order.errors import OrderError

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_EVENTBRIDGE = {"source", "detail-type"}


class UnknownInvocationError(OrderError):
    """The relay does not know what the event of its invocation asks for. The message says what to send."""


def orders_to_requeue(event: Mapping[str, Any]) -> list[str] | None:
    """Return the ids of the orders to requeue; None if the event is the schedule's, or empty.

    Raises UnknownInvocationError.
    """
    match event:
        case {"requeue": [*order_ids], **others} if not others and all(isinstance(each, str) for each in order_ids):
            return order_ids
        case {"put_back": _}:
            message = 'put_back is called requeue now. Nothing was requeued: send {"requeue": ["ord_…"]}.'
            raise UnknownInvocationError(message)
        case _ if event and not event.keys() >= _OF_EVENTBRIDGE:
            message = (
                "The relay does not know this event, and did nothing. Send an empty event to publish pending events, "
                'or {"requeue": ["ord_…"]} to requeue orders.'
            )
            raise UnknownInvocationError(message)
    return None
