"""Notifications: their statuses, their entries in the ledger, and the claim that one sender has on each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

# The ledger forgets an entry so long after its last change.
RETENTION = timedelta(days=30)
AT_ONCE = datetime.fromtimestamp(0, UTC)


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
    """One event over one channel. `event_type` is for the readers of the ledger.

    `key` is what the event is about, mostly an order's id. The ledger's table, the logs and SES's tags call it
    `order_id`: entries that exist have that name.
    """

    key: str
    event_id: str
    channel: str
    event_type: str | None = None

    @property
    def id(self) -> str:
        """The ledger's name for it, unique within its key."""
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
    """A notification as the ledger has it. `lease_until` is the end of its claim's lease.

    While it is `waiting`, nobody claims it before `retry_at`.
    """

    notification: Notification
    status: str
    owner: str
    attempts: int
    lease_until: datetime
    retry_at: datetime = AT_ONCE
    possible_duplicate: bool = False
    has_feedback: bool = False

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
