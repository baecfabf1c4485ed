"""Deliveries: a record of an invocation, and the notification that it asks for over one channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from functions.notify.domain.notification import Notification
from functions.notify.timeouts import MAX_SEND

if TYPE_CHECKING:
    from functions.notify.channels.channels import Channel
    from functions.notify.events.customer_events import CustomerEvent, Skipped, Unreadable
    from functions.notify.events.records import Record

TIME_TO_ANSWER = timedelta(seconds=2)
TIME_TO_SEND = timedelta(seconds=MAX_SEND)
# A call that DynamoDB does not answer takes two attempts of a second, and a pause of a second at most between them.
TIME_TO_WRITE = timedelta(seconds=3)
LEASE_MARGIN = timedelta(seconds=1)
# The value of the header `replay` that sends an event of any age (tools/resend.py).
FORCED_REPLAY = b"forced"


class Result(Enum):
    """Result of a record or of a delivery."""

    DONE = "done"
    RETRY = "retry"
    """Lambda has to deliver the record again."""


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """The invocation that a record came with, and when Lambda ends it.

    No other invocation has its `id`: Lambda itself repeats an asynchronous one under the same request id.
    """

    id: str
    deadline: datetime

    def spare_time(self, now: datetime) -> timedelta:
        """Return how long a send may wait; it is negative if no send fits into the invocation any more."""
        return self.deadline - now - TIME_TO_SEND - TIME_TO_ANSWER

    def has_time_to_write(self, now: datetime) -> bool:
        """Tell whether writes to the ledger fit into the invocation, even if none of them gets an answer."""
        return self.deadline - now >= TIME_TO_WRITE + TIME_TO_ANSWER


@dataclass(frozen=True, kw_only=True)
class ParsedRecord:
    """A record and its content; the content is None if a bug kept the function from reading it."""

    record: Record
    content: CustomerEvent | Skipped | Unreadable | None

    def log_keys(self, **more: object) -> dict[str, object]:
        """Return the keys of a log line about the record: its place in Kafka and the trace of its request."""
        record = self.record
        keys = {"topic": record.topic, "partition": record.partition, "offset": record.offset, **more}
        if self.content and self.content.correlation_id:
            keys["correlation_id"] = self.content.correlation_id
        return keys


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """An event on its way over one channel, in one invocation."""

    parsed: ParsedRecord
    event: CustomerEvent
    channel: Channel
    invocation: Invocation

    @property
    def notification(self) -> Notification:
        """The notification as the ledger names it."""
        return Notification(
            key=self.event.key,
            event_id=self.event.id,
            channel=self.channel.name,
            event_type=self.event.type,
        )

    @property
    def owner(self) -> str:
        """The owner of a claim that this delivery makes: one attempt at one record."""
        return f"{self.invocation.id}/{self.parsed.record.id}"

    @property
    def lease_until(self) -> datetime:
        """The end of such a claim's lease: the invocation is over by then."""
        return self.invocation.deadline + LEASE_MARGIN

    @property
    def is_replay(self) -> bool:
        """Tell whether the record has the header `replay`: a person has sent it again on purpose."""
        return "replay" in self.parsed.record.headers()

    @property
    def is_forced(self) -> bool:
        """Tell whether the event may be of any age: a person knows that the ledger may have forgotten it."""
        return self.parsed.record.headers().get("replay") == FORCED_REPLAY

    def log_keys(self, **more: object) -> dict[str, object]:
        """Return the keys of a log line about the delivery: those of its record and of its notification."""
        notification = self.notification
        return self.parsed.log_keys(**more) | {
            "order_id": notification.key,
            "event_id": notification.event_id,
            "channel": notification.channel,
        }
