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
from functions.order.publisher import NotPublishedError, Receipt, RefusedError
from functions.order.traceparent import trace_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from functions.order.events import Message
    from functions.order.outbox import Outbox, PendingOrder
    from functions.order.publisher import KafkaPublisher

# Whoever marked an order may be at its event for as long as OrderFunction's timeout, and clocks differ a little.
LEAST_AGE = timedelta(seconds=12)
# What a batch takes at most while DynamoDB is well, in seconds: the sends of two events an order, and their marks.
# Where it takes longer, Lambda ends the run, and the next one repeats what was not marked.
LONGEST_BATCH = 20.0

# Batches in a row of which nothing moves, until Kafka or DynamoDB is taken to be away. One partition without a leader
# is no reason to keep the events of the others waiting.
MOST_IDLE_BATCHES = 3

_THREADS = 8

logger = Logger()


class Fate(Enum):
    """What became of an event."""

    PUBLISHED = auto()
    REFUSED = auto()
    LEFT = auto()


@dataclass(kw_only=True)
class Drained:
    """How many events were published, how many refused for good, and the orders that were looked at and left.

    `interrupted`: DynamoDB failed, so nobody knows how much else pends.
    """

    published: int = 0
    refused: int = 0
    left: list[PendingOrder] = field(default_factory=list)
    interrupted: bool = False

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
        """Publish for as long as something moves and `time_left` (seconds) allows."""
        drained = Drained()
        idle_batches = 0
        try:
            for orders in self.outbox.pending(before=self.clock() - LEAST_AGE):
                if time_left() < LONGEST_BATCH:
                    drained.left += orders
                    break
                moved, left = drained.moved, len(drained.left)
                self._publish(orders, drained)
                is_idle = drained.moved == moved and len(drained.left) > left
                idle_batches = idle_batches + 1 if is_idle else 0
                if idle_batches == MOST_IDLE_BATCHES:
                    break
        except StoreUnavailableError:
            logger.warning("what pends cannot be read")
            drained.interrupted = True
        return drained

    def _publish(self, orders: Sequence[PendingOrder], drained: Drained) -> None:
        """Publish what pends of each order, in its own order: the next event only after the one before is marked."""
        with ThreadPoolExecutor(_THREADS) as threads:
            while orders:
                sends = []
                for pending in orders:
                    if event := _next_event(pending):
                        sends.append((pending, event))
                    else:
                        drained.count(Fate.LEFT, pending)
                outcomes = self.publisher.publish_all([event for _, event in sends]) if sends else []
                settled = list(threads.map(self._settle, [pending for pending, _ in sends], outcomes))
                for fate, pending in settled:
                    drained.count(fate, pending)
                orders = [pending for fate, pending in settled if fate is Fate.PUBLISHED and pending.order.pending]

    def _settle(self, pending: PendingOrder, outcome: Receipt | NotPublishedError) -> tuple[Fate, PendingOrder]:
        """Write down what became of an order's next event."""
        try:
            return self._settled(pending, outcome)
        except Exception as error:  # noqa: BLE001 - what ails one order must not keep the others waiting
            # Without its message, which could quote the order.
            reason = f"its mark could not be changed: {type(error).__name__}"
            logger.warning("event left", extra={**_subject(pending), "reason": reason})
            return Fate.LEFT, pending

    def _settled(self, pending: PendingOrder, outcome: Receipt | NotPublishedError) -> tuple[Fate, PendingOrder]:
        order, event_type = pending.order, pending.order.pending[0]
        subject = _subject(pending)
        match outcome:
            case RefusedError():
                self.outbox.set_aside(order, event_type, reason=str(outcome), now=self.clock())
                logger.error("event set aside", extra={**subject, "reason": str(outcome)})
                return Fate.REFUSED, pending
            case NotPublishedError():
                logger.warning("event left", extra={**subject, "reason": str(outcome)})
                return Fate.LEFT, pending
            case Receipt():
                left = self.outbox.mark_published(order, event_type)
                place = {"partition": outcome.partition, "offset": outcome.offset}
                logger.info("event published", extra={**subject, **place})
                return Fate.PUBLISHED, replace(pending, order=replace(order, pending=left))


def _next_event(pending: PendingOrder) -> Message | None:
    """Return the event to be published next; None if this version of the function cannot write it."""
    try:
        return event_of(pending.order, pending.order.pending[0])
    except NoSuchEventError:
        # It may be a newer version's, before a rollback: the next one will know it again.
        logger.error("event left", extra={**_subject(pending), "reason": "its type is unknown"})  # noqa: TRY400
        return None


def _subject(pending: PendingOrder) -> dict[str, str]:
    order, event_type = pending.order, pending.order.pending[0]
    return {
        "order_id": order.order_id,
        "event_type": event_type,
        "correlation_id": trace_id(traceparent_of(order, event_type)),
    }
