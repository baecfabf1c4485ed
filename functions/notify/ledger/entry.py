"""Entries of the ledger: their statuses, their keys, and the claim that one sender has on a notification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

Attributes = Mapping[str, Any]


class Status(StrEnum):
    """Status of a notification. SES's feedback adds others (feedback/delivery_status.py), as final as `sent`."""

    CLAIMED = "claimed"
    WAITING = "waiting"
    UNKNOWN = "unknown"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"


class UnknownPolicy(StrEnum):
    """Policy for a notification of which nobody knows whether it was sent."""

    RESEND = "resend"
    HOLD = "hold"


@dataclass(frozen=True, kw_only=True)
class Notification:
    """One event over one channel. `event_type` is for the readers of the ledger."""

    order_id: str
    event_id: str
    channel: str
    event_type: str | None = None

    @property
    def id(self) -> str:
        """The ledger's name for it, unique within the order."""
        return f"{self.event_id}#{self.channel}"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to send a notification; only its owner has it."""

    notification: Notification
    owner: str
    attempts: int
    possible_duplicate: bool


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A notification as the ledger has it. `lease_until` is the end of its claim's lease."""

    notification: Notification
    status: str
    owner: str
    attempts: int
    lease_until: datetime
    possible_duplicate: bool = False
    has_feedback: bool = False

    @classmethod
    def read(cls, notification: Notification, item: Attributes) -> Entry:
        """Read an item of the table."""
        return cls(
            notification=notification,
            status=item["status"]["S"],
            owner=item["owner"]["S"],
            attempts=int(item["attempts"]["N"]),
            lease_until=datetime.fromtimestamp(float(item.get("lease_until", {"N": "0"})["N"]), UTC),
            possible_duplicate=item.get("possible_duplicate", {"BOOL": False})["BOOL"],
            has_feedback="feedback" in item,
        )

    @property
    def claim(self) -> Claim:
        """The claim of the entry's owner."""
        return Claim(
            notification=self.notification,
            owner=self.owner,
            attempts=self.attempts,
            possible_duplicate=self.possible_duplicate,
        )

    def is_as(self, status: str, owner: str) -> bool:
        """Tell whether the entry has this status and this owner."""
        return (self.status, self.owner) == (status, owner)

    def is_settled(self, status: str, owner: str) -> bool:
        """Tell whether the owner has written this status, or SES's feedback, which can come first, has replaced it."""
        return self.is_as(status, owner) or (self.has_feedback and self.owner == owner)
