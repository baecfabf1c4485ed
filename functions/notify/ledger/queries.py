"""What the ledger knows of one order's notifications, for those who read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from functions.notify.aws import CALL_ERRORS, name_of
from functions.notify.ledger import LedgerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A notification as it stands. The times have their zone; `sent_at` is None where nothing is known to be sent.

    `updated_at` is when the status began, or was last found to be so.
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
class Listing:
    """The table of notifications, as it is read."""

    client: DynamoDBClient
    table: str

    def of_order(self, order_id: str) -> list[Entry]:
        """Return the notifications of an order, oldest first. Raises LedgerUnavailableError."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="order_id = :order_id",
            ExpressionAttributeValues={":order_id": {"S": order_id}},
            ConsistentRead=True,
        )
        try:
            entries = [_entry(item) for page in pages for item in page["Items"]]
        except CALL_ERRORS as error:
            raise LedgerUnavailableError(name_of(error)) from error
        return sorted(entries, key=lambda entry: (entry.sent_at or entry.updated_at, entry.event_id, entry.channel))


def _entry(item: Mapping[str, Any]) -> Entry:
    event_id, _, channel = item["notification_id"]["S"].rpartition("#")
    values = {name: next(iter(value.values())) for name, value in item.items()}
    sent_at = values.get("sent_at")
    has_feedback = "feedback" in values
    return Entry(
        event_id=event_id,
        event_type=values.get("event_type"),
        channel=channel,
        status=values["status"],
        reason=values.get("feedback_reason" if has_feedback else "reason") or None,
        attempts=int(values["attempts"]),
        possible_duplicate=values.get("possible_duplicate", False),
        sent_at=_time(sent_at) if sent_at else None,
        updated_at=_time(values["feedback_at" if has_feedback else "updated_at"]),
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
