"""Queries of the ledger: the notifications of one order, for support staff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.notify.aws_clients import CALL_ERRORS, error_code
from functions.notify.domain.notification import Status
from functions.notify.ledger.entry_item import moment_of
from functions.notify.ledger.unavailable import LedgerUnavailableError
from functions.notify.timestamps import read_stored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class NotificationStatus:
    """A notification and its status. The times have their zone; `sent_at` is None if no send is known.

    `updated_at` is the time at which the status became known. A claim whose lease is over has the status `unknown`: its
    sender died, or could not write what became of the send, and nobody else knows whether there was one.
    """

    event_id: str
    event_type: str | None
    channel: str
    status: str
    reason: str | None
    attempts: int
    possible_duplicate: bool
    sent_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class LedgerQueries:
    """Queries of the table of notifications. `clock` gives the time with its zone."""

    client: DynamoDBClient
    table: str
    clock: Callable[[], datetime]

    def of_order(self, order_id: str) -> list[NotificationStatus]:
        """Return the notifications of an order as they are now, oldest first. Raises LedgerUnavailableError."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="order_id = :order_id",
            ExpressionAttributeValues={":order_id": {"S": order_id}},
            ConsistentRead=True,
        )
        try:
            entries = [_entry(item, now=self.clock()) for page in pages for item in page["Items"]]
        except CALL_ERRORS as error:
            raise LedgerUnavailableError(error_code(error)) from error
        return sorted(entries, key=lambda entry: (entry.sent_at or entry.updated_at, entry.event_id, entry.channel))


def _entry(item: Mapping[str, Any], *, now: datetime) -> NotificationStatus:
    event_id, _, channel = item["notification_id"]["S"].rpartition("#")
    values = {name: next(iter(value.values())) for name, value in item.items()}
    sent_at = values.get("sent_at")
    has_feedback = "feedback" in values
    was_left = values["status"] == Status.CLAIMED and moment_of(item, "lease_until") <= now
    return NotificationStatus(
        event_id=event_id,
        event_type=values.get("event_type"),
        channel=channel,
        status=Status.UNKNOWN if was_left else values["status"],
        reason=values.get("feedback_reason" if has_feedback else "reason") or None,
        attempts=int(values["attempts"]),
        possible_duplicate=values.get("possible_duplicate", False),
        sent_at=read_stored(sent_at) if sent_at else None,
        updated_at=read_stored(values["feedback_at" if has_feedback else "updated_at"]),
    )
