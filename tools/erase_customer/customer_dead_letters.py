"""Dead letters of one customer: records with the customer's events that notify could not process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from tools.deadletters.dead_letter import DeadLetter
    from tools.deadletters.dead_letter_store import DeadLetterStore


def dead_letter_ids(store: DeadLetterStore, *, order_ids: Collection[str], customer_id: str) -> list[str]:
    """Return the ids of the dead letters that have an order of the customer as key, or the customer in their event."""
    ids = (each.id for each in store.dead_letters if is_of_customer(each, order_ids, customer_id))
    return list(dict.fromkeys(ids))


def is_of_customer(dead_letter: DeadLetter, order_ids: Collection[str], customer_id: str) -> bool:
    """Tell whether a dead letter is about an order of the customer.

    One that was too large for the queue has no key: then nobody knows, and it has no personal data either.
    """
    key = dead_letter.content("key").decode(errors="replace")
    return key in order_ids or _customer_of(dead_letter) == customer_id


def _customer_of(dead_letter: DeadLetter) -> str | None:
    """Return the id of the customer in a record's event; None if the record has none that can be read."""
    try:
        customer = json.loads(dead_letter.content("value"))["data"]["customer"]["id"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return customer if isinstance(customer, str) else None
