"""Drains the outbox: publishes what the inline sends could not, oldest first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from functions.order.dynamodb import StoreUnavailableError
from functions.order.events import NoSuchEventError, event_of, traceparent_of
from functions.order.publisher import NotPublishedError, RefusedError
from functions.order.traceparent import trace_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from functions.order.events import Message
    from functions.order.outbox import Outbox, PendingOrder
    from functions.order.publisher import KafkaPublisher, Receipt

# Whoever marked an order may be at its event for as long as OrderFunction's timeout, and clocks differ a little.
LEAST_AGE = timedelta(seconds=12)
# What a batch takes at most while DynamoDB is well, in seconds: the sends of two events an order, and their marks.
# Where it takes longer, Lambda ends the run, and the next one repeats what was not marked.
LONGEST_BATCH = 20.0

_THREADS = 8

logger = Logger()


class Fate(Enum):
    """What became of an event."""

    PUBLISHED = auto()
    REFUSED = auto()
    LEFT = auto()


@dataclass(kw_only=True)
class Drained:
    """How many events were published, how many refused for good, and the orders that were left as they are."""

    published: int = 0
    refused: int = 0
    left: list[PendingOrder] = field(default_factory=list)

    @property
    def oldest_left(self) -> datetime | None:
        """Since when the oldest of the orders that were left is pending."""
        return min((pending.since for pending in self.left), default=None)

    @property
    def moved(self) -> int:
        """How many events need no further try."""
        return self.published + self.refused

    def count(self, fate: Fate, pending: PendingOrder) -> None:
        """Add what became of an order's event."""
        match fate:
            case Fate.PUBLISHED:
                self.published += 1
            case Fate.REFUSED:
                self.refused += 1
            case Fate.LEFT:
                self.left.append(pending)


@dataclass(frozen=True, kw_only=True)
class Drain:
    """What is needed to drain the outbox. `clock` gives the time with its zone."""

    outbox: Outbox
    publisher: KafkaPublisher
    clock: Callable[[], datetime]

    def run(self, *, time_left: Callable[[], float]) -> Drained:
        """Publish for as long as something moves and `time_left` (seconds) allows.

        Raises StoreUnavailableError if what pends cannot be read.
        """
        drained = Drained()
        for orders in self.outbox.pending(before=self.clock() - LEAST_AGE):
            if time_left() < LONGEST_BATCH:
                drained.left += orders
                break
            moved, left = drained.moved, len(drained.left)
            self._publish(orders, drained)
            if drained.moved == moved and len(drained.left) > left:
                break  # Kafka or DynamoDB is away: what is left can wait for the next run
        return drained

    def _publish(self, orders: Sequence[PendingOrder], drained: Drained) -> None:
        """Publish what pends of each order, in its own order: the next event only after the one before is marked."""
        with ThreadPoolExecutor(_THREADS) as threads:
            while orders:
                events = [_next_event(pending) for pending in orders]
                outcomes = iter(self.publisher.publish_all([event for event in events if event]))
                ended = [next(outcomes) if event else None for event in events]
                settled = list(threads.map(self._settle, orders, ended))
                for fate, pending in settled:
                    drained.count(fate, pending)
                orders = [pending for fate, pending in settled if fate is Fate.PUBLISHED and pending.order.pending]

    def _settle(self, pending: PendingOrder, outcome: Receipt | NotPublishedError | None) -> tuple[Fate, PendingOrder]:
        """Write down what became of an order's next event; None: it cannot even be written."""
        order, event_type = pending.order, pending.order.pending[0]
        subject = {
            "order_id": order.order_id,
            "event_type": event_type,
            "correlation_id": trace_id(traceparent_of(order, event_type)),
        }
        try:
            if outcome is None or isinstance(outcome, RefusedError):
                reason = str(outcome or "this version of the function does not know its type")
                self.outbox.set_aside(order, event_type, reason=reason, now=self.clock())
                logger.error("event set aside", extra={**subject, "reason": reason})
                return Fate.REFUSED, pending
            if isinstance(outcome, NotPublishedError):
                logger.warning("event left", extra={**subject, "reason": str(outcome)})
                return Fate.LEFT, pending
            left = self.outbox.mark_published(order, event_type)
        except StoreUnavailableError:
            logger.warning("event left", extra={**subject, "reason": "its mark could not be changed"})
            return Fate.LEFT, pending
        place = {"partition": outcome.partition, "offset": outcome.offset}
        logger.info("event published", extra={**subject, **place})
        return Fate.PUBLISHED, replace(pending, order=replace(order, pending=left))


def _next_event(pending: PendingOrder) -> Message | None:
    try:
        return event_of(pending.order, pending.order.pending[0])
    except NoSuchEventError:
        return None
