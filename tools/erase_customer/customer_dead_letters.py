"""Dead letters of one customer: records with the customer's events that notify could not process."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from functions.notify.events.notification_fields import NotificationFields, find_field, read_all_fields
from functions.notify.messages.messages import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Collection

    from tools.deadletters.dead_letter import DeadLetter
    from tools.deadletters.dead_letter_store import DeadLetterStore


def dead_letter_ids(store: DeadLetterStore, *, order_ids: Collection[str], customer_id: str) -> list[str]:
    """Return the ids of the dead letters that are about an order of the customer, or whose event names the customer."""
    ids = (each.id for each in store.dead_letters if is_of_customer(each, order_ids, customer_id))
    return list(dict.fromkeys(ids))


def is_of_customer(dead_letter: DeadLetter, order_ids: Collection[str], customer_id: str) -> bool:
    """Tell whether a dead letter is about an order of the customer, whichever service has published the event.

    One that was too large for the queue has no key: then nobody knows, and it has no personal data either.
    """
    keys = {dead_letter.content("key").decode(errors="replace")}
    if isinstance(event := _event_of(dead_letter), dict):
        if find_field(event, "data.customer.id") == customer_id:
            return True
        keys |= _keys_of(event)
    return not keys.isdisjoint(order_ids)


def _event_of(dead_letter: DeadLetter) -> Any:
    """Return the value of a record as JSON; None if it is none."""
    try:
        return json.loads(dead_letter.content("value"))
    except (ValueError, RecursionError):
        return None


def _keys_of(event: dict[str, Any]) -> set[str]:
    """Return what a notification about the event would be about: nothing if notify does not know its type."""
    fields = _fields().get(str(event.get("type")))
    key = fields.pick(event).get("key") if fields else None
    return {key} if isinstance(key, str) else set()


@cache
def _fields() -> dict[str, NotificationFields]:
    return read_all_fields(TEMPLATES)
