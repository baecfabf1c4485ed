"""Entries of the ledger as items of DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from functions.notify.domain.notification import Entry

if TYPE_CHECKING:
    from functions.notify.domain.notification import Notification

Attributes = Mapping[str, Any]


def entry_of(notification: Notification, item: Attributes) -> Entry:
    """Read the item of a notification."""
    return Entry(
        notification=notification,
        status=item["status"]["S"],
        owner=item["owner"]["S"],
        attempts=int(item["attempts"]["N"]),
        lease_until=moment_of(item, "lease_until"),
        retry_at=moment_of(item, "retry_at"),
        possible_duplicate=item.get("possible_duplicate", {"BOOL": False})["BOOL"],
        has_feedback="feedback" in item,
    )


def moment_of(item: Attributes, name: str) -> datetime:
    """Return the moment that an attribute names, in seconds since 1970; without the attribute, that is 1970."""
    return datetime.fromtimestamp(float(item.get(name, {"N": "0"})["N"]), UTC)
