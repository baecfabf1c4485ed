"""Outbox relay, a polling publisher: publishes the events that the order function did not publish, oldest first."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from functions.order.logs import logger
from functions.order.outbox.event_publisher import Disposition
from functions.order.storage.client import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from functions.order.outbox.event_publisher import EventPublisher
    from functions.order.outbox.table import PendingOrder

# The request that recorded an event may be publishing it for as long as OrderFunction's timeout, and clocks differ.
MIN_AGE = timedelta(seconds=12)
# The longest time of a batch while DynamoDB is well, in seconds: it sends two events of each order, and marks them.
# If a batch takes longer, Lambda may end the run, and the next run repeats what was not marked.
MAX_BATCH = 20.0
# The lease is renewed before each batch. A second more than a batch takes, since clocks differ.
LEASE = MAX_BATCH + 1.0

# After this many batches in a row without progress, Kafka or DynamoDB is taken to be away. One partition without a
# leader is no reason to keep the events of the others waiting.
MAX_IDLE_BATCHES = 3


class PendingEvents(Protocol):
    """Source of the orders that have pending events, such as outbox/table.py."""

    def pending(self, *, before: datetime) -> Iterator[list[PendingOrder]]:
        """Yield the orders whose events have been pending since `before` or longer, oldest first."""


@dataclass(kw_only=True)
class RelayResult:
    """Result of a run: the numbers of published and quarantined events, and the orders whose events were deferred.

    `interrupted`: DynamoDB failed, so nobody knows how many other events are pending.
    """

    published: int = 0
    quarantined: int = 0
    deferred: list[PendingOrder] = field(default_factory=list)
    interrupted: bool = False

    @property
    def oldest_deferred(self) -> datetime | None:
        """The time since which the oldest deferred order has been pending."""
        return min((pending.since for pending in self.deferred), default=None)

    @property
    def settled(self) -> int:
        """Number of the events that need no further attempt."""
        return self.published + self.quarantined

    def add_event(self, disposition: Disposition, pending: PendingOrder) -> None:
        """Add the disposition of an order's event."""
        match disposition:
            case Disposition.PUBLISHED:
                self.published += 1
            case Disposition.QUARANTINED:
                self.quarantined += 1
            case Disposition.DEFERRED:
                self.deferred.append(pending)


@dataclass(frozen=True, kw_only=True)
class OutboxRelay:
    """Relay: a publisher of pending events. `clock` gives the time with its zone."""

    outbox: PendingEvents
    event_publisher: EventPublisher
    clock: Callable[[], datetime]

    def run(self, *, time_left: Callable[[], float], renew_lease: Callable[[], bool]) -> RelayResult:
        """Publish for as long as there is progress, `time_left` (seconds) allows it, and the lease is this run's."""
        result = RelayResult()
        idle_batches = 0
        try:
            for batch in self.outbox.pending(before=self.clock() - MIN_AGE):
                if time_left() < MAX_BATCH or not renew_lease():
                    result.deferred += batch
                    break
                settled, deferred = result.settled, len(result.deferred)
                self._publish(batch, result)
                is_idle = result.settled == settled and len(result.deferred) > deferred
                idle_batches = idle_batches + 1 if is_idle else 0
                if idle_batches == MAX_IDLE_BATCHES:
                    break
        except StoreUnavailableError:
            logger.warning("pending events cannot be read")
            result.interrupted = True
        return result

    def _publish(self, batch: Sequence[PendingOrder], result: RelayResult) -> None:
        """Publish the events of each order in its own sequence: each only after the one before is marked."""
        while batch:
            published = self.event_publisher.publish_all([pending.order for pending in batch])
            later: list[PendingOrder] = []
            for pending, each in zip(batch, published, strict=True):
                result.add_event(each.disposition, pending)
                if each.disposition is Disposition.PUBLISHED and each.order.pending:
                    later.append(replace(pending, order=each.order))
            batch = later
