"""Entries of the ledger in the model: what of them matters later, with times as seconds after now."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from functions.notify.domain.notification import Notification, Status
from functions.notify.events.customer_events import ChannelName, CustomerEvent, read_customer_event
from tests.notify.fakes import NOW
from tests.notify.samples import FIELDS, ROOT, make_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.models.programs import ClockView

# Every program starts at this time of its own clock.
START = NOW
EPOCH = START.timestamp()
A_PAUSE = timedelta(minutes=1)  # longer than an invocation; the model does not count the seconds of a pause

TYPES = ("order.paid.v1", "order.cancelled.v1")
RECORDS = tuple(
    make_record(json.loads((ROOT / f"events/{event_type}.json").read_text(encoding="utf-8")), offset=offset)
    for offset, event_type in enumerate(TYPES)
)


def _event(record: Any) -> CustomerEvent:
    event = read_customer_event(record, FIELDS)
    assert isinstance(event, CustomerEvent)
    return event


EVENTS = tuple(_event(record) for record in RECORDS)
NOTIFICATIONS = tuple(Notification(key=event.key, event_id=event.id, channel=ChannelName.MAIL) for event in EVENTS)


class StoredEntry(NamedTuple):
    """The item of an entry. `lease_left`: seconds until the lease of the claim ends."""

    status: str
    owner: str
    attempts: int
    lease_left: int
    is_paused: bool
    possible_duplicate: bool
    feedback: str


def thawed_entry(stored: StoredEntry | None, notification: Notification, view: ClockView) -> dict[str, Any] | None:
    """Return the item in DynamoDB's types, with the times that this clock shows."""
    if stored is None:
        return None
    now = EPOCH + view.elapsed - view.ahead
    item: dict[str, Any] = {
        **key_of(notification),
        "status": {"S": stored.status},
        "owner": {"S": stored.owner},
        "attempts": {"N": str(stored.attempts)},
        "lease_until": {"N": str(now + stored.lease_left)},
    }
    if stored.is_paused:
        item["retry_at"] = {"N": str(now + A_PAUSE.total_seconds())}
    if stored.possible_duplicate:
        item["possible_duplicate"] = {"BOOL": True}
    if stored.feedback:
        item["feedback"] = {"S": stored.feedback}
    return item


def frozen_entry(item: Mapping[str, Any], view: ClockView) -> StoredEntry:
    """Return the item as the model has it."""
    now, status = EPOCH + view.elapsed - view.ahead, item["status"]["S"]
    return StoredEntry(
        status=status,
        owner=item["owner"]["S"],
        attempts=int(item["attempts"]["N"]),
        lease_left=round(float(item["lease_until"]["N"]) - now) if status == Status.CLAIMED else 0,
        is_paused="retry_at" in item and float(item["retry_at"]["N"]) > now,
        possible_duplicate=item.get("possible_duplicate", {"BOOL": False})["BOOL"],
        feedback=item.get("feedback", {"S": ""})["S"],
    )


def key_of(notification: Notification) -> dict[str, Any]:
    """Return the key of a notification's item."""
    return {"order_id": {"S": notification.key}, "notification_id": {"S": notification.id}}
