"""Evidence: what the services hold after a run, read past the proxies."""

import email.parser
import email.policy
import json
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from samrun.testing.broker import Record, read_records
from samrun.testing.dynamodb import Table

_SETTLED = {"sent", "failed", "expired"}


@dataclass(frozen=True, kw_only=True)
class OrderItem:
    """Order in the table: `pending` are the types of its events that are not yet published."""

    order_id: str
    reference: str
    status: str
    pending: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class TopicRecord:
    """Record of the topic. Without a `type`, it is none of an order event. `timestamp` is in seconds."""

    partition: int
    offset: int
    timestamp: float
    value: bytes
    order_id: str = ""
    type: str = ""
    id: str = ""

    @property
    def place(self) -> tuple[int, int]:
        """Partition and offset."""
        return self.partition, self.offset


@dataclass(frozen=True, kw_only=True)
class LedgerItem:
    """Entry of the ledger."""

    order_id: str
    notification_id: str
    event_type: str
    status: str
    attempts: int
    possible_duplicate: bool


@dataclass(frozen=True, kw_only=True)
class StoredMail:
    """Mail that SES has taken; `position` sorts the mails by the time when it did."""

    notification_id: str
    address: str
    position: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """State of the services after a run. `drained_after` is in seconds after healing; None: it took too long."""

    orders: Sequence[OrderItem]
    records: Sequence[TopicRecord]
    ledger: Sequence[LedgerItem]
    mails: Sequence[StoredMail]
    drained_after: float | None = 0.0


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Addresses of the services, the folder of the mails, and the topic of the events."""

    bootstrap: str
    dynamodb: str
    mails: Path
    topic: str

    def collect(self, *, drained_after: float | None) -> Evidence:
        """Read everything."""
        return Evidence(
            orders=self.orders(),
            records=[topic_record(each) for each in read_records(self.bootstrap, self.topic)],
            ledger=self.ledger(),
            mails=[_mail(path) for path in sorted(self.mails.glob("*.eml"))],
            drained_after=drained_after,
        )

    def backlog(self, *, lost_marks: Collection[str]) -> str:
        """Say what is still to be done, or return an empty text.

        A notification that is sent and whose mark was lost is done: notify does not send it again for the mark.
        """
        orders = self.orders()
        if pending := sum(bool(order.pending) for order in orders):
            return f"{pending} orders with pending events"
        settled = [
            each
            for each in self.ledger()
            if each.status in _SETTLED or (each.status == "claimed" and each.notification_id in lost_marks)
        ]
        expected = sum(2 if order.status == "cancelled" else 1 for order in orders)
        return f"{expected - len(settled)} notifications" if len(settled) < expected else ""

    def orders(self) -> list[OrderItem]:
        """Return the orders in the table; what else it holds, the lease, is none."""
        return [
            OrderItem(
                order_id=item["order_id"],
                reference=item["payment_reference"],
                status=item["status"],
                pending=item["pending"],
            )
            for item in self._scan("OrdersTable")
            if "payment_reference" in item
        ]

    def ledger(self) -> list[LedgerItem]:
        """Return the entries of the ledger."""
        return [
            LedgerItem(
                order_id=item["order_id"],
                notification_id=item["notification_id"],
                event_type=item["event_type"],
                status=item["status"],
                attempts=int(item["attempts"]),
                possible_duplicate=bool(item.get("possible_duplicate")),
            )
            for item in self._scan("NotificationsTable")
        ]

    def _scan(self, table: str) -> list[dict[str, Any]]:
        with closing(Table(self.dynamodb, table)) as found:
            return found.scan(ConsistentRead=True)


def topic_record(record: Record) -> TopicRecord:
    """Return a record of the topic as the checker knows it; anybody can write into a topic."""
    unreadable = TopicRecord(
        partition=record.partition,
        offset=record.offset,
        timestamp=record.timestamp / 1000,
        value=record.value or b"",
    )
    try:
        event = json.loads(unreadable.value)
        return replace(unreadable, order_id=event["subject"], type=event["type"], id=event["id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return unreadable


def _mail(path: Path) -> StoredMail:
    parser = email.parser.BytesParser(policy=email.policy.default)
    message = parser.parsebytes(path.read_bytes(), headersonly=True)
    return StoredMail(
        notification_id=str(message["X-Notification-Id"]),
        address=message["To"].addresses[0].addr_spec,
        position=path.stem,
    )
