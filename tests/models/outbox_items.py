"""Items of the orders' table in the model: what of them changes, with times as seconds before or after now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from functions.order.domain.timestamps import rfc3339
from functions.order.storage.order_item import cancellation_attributes, item_of, serialize_value
from tests.order.orders import CANCELLATION, order_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.models.programs import ClockView

# Every program starts at this time of its own clock.
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
EPOCH = int(START.timestamp())
ORDER = order_of(created_at=START)


class StoredOrder(NamedTuple):
    """The item of the order. `age`: seconds since `pending_since`; None: it is not in the index."""

    status: str
    pending: tuple[str, ...]
    age: int | None
    is_quarantined: bool
    write_id: str


class StoredLease(NamedTuple):
    """The item of the relay's lease. `left`: seconds until `lease_until`."""

    owner: str
    left: int


Stored = StoredOrder | StoredLease | None
"""An item of the table; None: there is none."""


def thawed(stored: Stored, view: ClockView) -> dict[str, Any] | None:
    """Return the item in DynamoDB's types, with the times that this clock shows."""
    now = view.elapsed - view.ahead
    match stored:
        case None:
            return None
        case StoredLease(owner, left):
            until = {"N": str(EPOCH + now + left)}
            return {"order_id": {"S": "lease#relay"}, "lease_owner": {"S": owner}, "lease_until": until}
    item = item_of(replace(ORDER, pending=stored.pending))
    item |= {"status": {"S": stored.status}, "write_id": {"S": stored.write_id}}
    if stored.status == "cancelled":
        item["cancellation"] = serialize_value(cancellation_attributes(replace(CANCELLATION, cancelled_at=START)))
    if stored.is_quarantined:
        item["unpublishable"] = {"M": {}}
    if stored.age is None:
        del item["pending_shard"], item["pending_since"]
    else:
        item["pending_since"] = {"S": rfc3339(START + timedelta(seconds=now - stored.age))}
    return item


def frozen(item: Mapping[str, Any] | None, view: ClockView) -> Stored:
    """Return the item as the model has it."""
    now = view.elapsed - view.ahead
    if item is None:
        return None
    if "lease_owner" in item:
        return StoredLease(item["lease_owner"]["S"], int(item["lease_until"]["N"]) - EPOCH - now)
    age = None
    if "pending_shard" in item:
        age = now - int((datetime.fromisoformat(item["pending_since"]["S"]) - START).total_seconds())
    return StoredOrder(
        status=item["status"]["S"],
        pending=tuple(each["S"] for each in item["pending"]["L"]),
        age=age,
        is_quarantined="unpublishable" in item,
        write_id=item["write_id"]["S"],
    )
