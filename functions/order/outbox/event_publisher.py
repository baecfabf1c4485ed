"""Publisher of pending events: sends them to Kafka, and then records Kafka's answer in the outbox.

An event stays pending until Kafka has acknowledged it. So it is published at least once, whatever dies and when.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

from functions.order.domain.events import NoSuchEventError, event_of, traceparent_of
from functions.order.domain.traceparent import trace_id
from functions.order.logs import logger
from functions.order.producer.kafka_publisher import EventRefusedError, NotPublishedError, RecordMetadata
from functions.order.storage.client import error_code

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from functions.order.domain.events import ProducerRecord
    from functions.order.domain.order import Order

_THREADS = 8


class Publisher(Protocol):
    """Sender of records to Kafka, such as producer/kafka_publisher.py."""

    def publish(self, record: ProducerRecord, *, budget: float | None = None) -> RecordMetadata:
        """Send one record. Raises NotPublishedError."""

    def publish_all(self, records: Sequence[ProducerRecord]) -> list[RecordMetadata | NotPublishedError]:
        """Send all records at once, and return the result of each."""


class OutboxWriter(Protocol):
    """Record of the state of pending events, such as outbox/table.py."""

    def mark_published(self, order: Order, event_type: str) -> tuple[str, ...]:
        """Remove the event from the pending ones, and return those that are left for the caller to publish."""

    def quarantine(self, order: Order, event_type: str, *, reason: str, now: datetime) -> None:
        """Record that Kafka rejects the event permanently."""


class Disposition(Enum):
    """The state of an event after an attempt to publish it."""

    PUBLISHED = auto()
    QUARANTINED = auto()
    DEFERRED = auto()


@dataclass(frozen=True, kw_only=True)
class PublishResult:
    """The disposition of an order's next event, and the order with the events that are left to the caller."""

    disposition: Disposition
    order: Order


@dataclass(frozen=True, kw_only=True)
class EventPublisher:
    """Publisher of each order's oldest pending event.

    With `quarantines`, it records that Kafka rejects an event permanently. Otherwise such an event stays pending, for a
    publisher that records it. `clock` gives the time with its zone.
    """

    publisher: Publisher
    outbox: OutboxWriter
    clock: Callable[[], datetime]
    quarantines: bool

    def publish(self, order: Order, *, budget: float) -> PublishResult:
        """Publish the event within `budget` seconds. Whatever fails, the event stays pending, and nothing is raised."""
        try:
            send_result: RecordMetadata | NotPublishedError = self.publisher.publish(
                event_of(order, order.pending[0]), budget=budget
            )
        except NotPublishedError as error:
            send_result = error
        except Exception as error:  # noqa: BLE001 - the order is recorded, and the answer has to say so
            return _defer(order, f"it could not be published: {error_code(error)}")
        return self._record(order, send_result)

    def publish_all(self, orders: Sequence[Order]) -> list[PublishResult]:
        """Publish an event of each order, all at once."""
        records = [_next_record(order) for order in orders]
        to_send = [record for record in records if record]
        sent = [order for order, record in zip(orders, records, strict=True) if record]
        send_results = self.publisher.publish_all(to_send) if to_send else []
        with ThreadPoolExecutor(_THREADS) as threads:
            results = threads.map(self._record, sent, send_results)
            return [
                next(results) if record else PublishResult(disposition=Disposition.DEFERRED, order=order)
                for order, record in zip(orders, records, strict=True)
            ]

    def _record(self, order: Order, send_result: RecordMetadata | NotPublishedError) -> PublishResult:
        """Record in the outbox what Kafka answered."""
        event_type = order.pending[0]
        try:
            match send_result:
                case EventRefusedError() if self.quarantines:
                    self.outbox.quarantine(order, event_type, reason=str(send_result), now=self.clock())
                    logger.error("event quarantined", extra={**_subject(order), "reason": str(send_result)})
                    return PublishResult(disposition=Disposition.QUARANTINED, order=order)
                case NotPublishedError():
                    return _defer(order, str(send_result))
                case RecordMetadata():
                    place = {
                        "topic": send_result.topic,
                        "partition": send_result.partition,
                        "offset": send_result.offset,
                    }
                    logger.info("event published", extra={**_subject(order), **place})
                    left = self.outbox.mark_published(order, event_type)
                    return PublishResult(disposition=Disposition.PUBLISHED, order=replace(order, pending=left))
        except Exception as error:  # noqa: BLE001 - an error with one order must not keep the others waiting
            return _defer(order, f"its pending entry could not be updated: {error_code(error)}")


def _next_record(order: Order) -> ProducerRecord | None:
    """Build the order's next event. Return None if this version of the function does not know its type."""
    try:
        return event_of(order, order.pending[0])
    except NoSuchEventError:
        # A newer version may have recorded it, before a rollback; the next version will know it again.
        logger.error("event deferred", extra={**_subject(order), "reason": "its type is unknown"})
        return None


def _defer(order: Order, reason: str) -> PublishResult:
    logger.warning("event deferred", extra={**_subject(order), "reason": reason})
    return PublishResult(disposition=Disposition.DEFERRED, order=order)


def _subject(order: Order) -> dict[str, str]:
    event_type = order.pending[0]
    return {
        "order_id": order.order_id,
        "event_type": event_type,
        "correlation_id": trace_id(traceparent_of(order, event_type)),
    }
