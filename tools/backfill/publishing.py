"""Publishing of a backfill: page by page, at a rate, with the checkpoint after each page that Kafka has acknowledged.

Whatever dies and when, no event is missing: a page that has no checkpoint yet is published once more. So at most the
events of one page come twice, with the ids that they had before.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from functions.order.producer.kafka_publisher import EventRefusedError, NotPublishedError
from tools.backfill.errors import BackfillError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from functions.notify.channels.rate_limiter import RateLimiter
    from functions.order.domain.events import ProducerRecord
    from functions.order.domain.order import Order
    from functions.order.outbox.event_publisher import Publisher
    from tools.backfill.checkpoint import CheckpointFile, Progress
    from tools.backfill.order_pages import OrderPages
    from tools.backfill.selection import Selection

MAX_ATTEMPTS = 5
_PAUSE = 2.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Backfill:
    """A run. `report` is called with the progress after each page, `refuse` with each event that Kafka never takes."""

    pages: OrderPages
    selection: Selection
    publisher: Publisher
    limiter: RateLimiter
    checkpoint: CheckpointFile
    report: Callable[[Progress], None]
    refuse: Callable[[ProducerRecord, str], None]
    sleep: Callable[[float], None] = time.sleep

    def run(self, progress: Progress) -> Progress:
        """Publish what is left; return the progress at the end. Raises BackfillError, and botocore's errors."""
        for page in self.pages.after(progress.last_id):
            progress = self._publish(page.orders, progress)
            progress = replace(progress, last_id=page.last_id or progress.last_id, is_complete=page.last_id is None)
            self.checkpoint.write(progress)
            self.report(progress)
        return progress

    def _publish(self, orders: Sequence[Order], progress: Progress) -> Progress:
        """Publish the events of a page, and return the progress with them."""
        kept = [order for order in orders if not order.erased_at]
        published, refused = dict(progress.published), progress.refused
        for wave in _waves([self.selection.records(order) for order in kept]):
            for record, error in self._send(wave):
                if error is None:
                    published[record.event_type] = published.get(record.event_type, 0) + 1
                else:
                    self.refuse(record, error)
                    refused += 1
        return replace(
            progress,
            orders=progress.orders + len(kept),
            erased=progress.erased + len(orders) - len(kept),
            published=published,
            refused=refused,
        )

    def _send(self, records: Sequence[ProducerRecord]) -> Iterator[tuple[ProducerRecord, str | None]]:
        """Yield each record that is done with, and why Kafka refuses it for good, if it does. Raises BackfillError."""
        for _ in records:
            self.limiter.wait(at_most=math.inf)
        reason = ""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            results = list(zip(records, self.publisher.publish_all(records), strict=True))
            for record, result in results:
                if isinstance(result, EventRefusedError):
                    yield record, str(result)
                elif not isinstance(result, NotPublishedError):
                    yield record, None
            failed = [each for each in results if _may_be_repeated(each[1])]
            if not failed:
                return
            records, reason = [record for record, _ in failed], str(failed[0][1])
            if attempt < MAX_ATTEMPTS:
                self.sleep(attempt * _PAUSE)
        raise BackfillError(
            f"Kafka took {len(records)} events in none of {MAX_ATTEMPTS} attempts: {reason}. No event is lost: once the"
            f" cause is gone, the same command goes on from {self.checkpoint.path}."
        )


def _may_be_repeated(result: object) -> bool:
    return isinstance(result, NotPublishedError) and not isinstance(result, EventRefusedError)


def _waves(records: Sequence[Sequence[ProducerRecord]]) -> Iterator[list[ProducerRecord]]:
    """Yield the first event of each order, then the second of each: one that fails is never behind its successor."""
    for number in range(max(map(len, records), default=0)):
        yield [of_order[number] for of_order in records if len(of_order) > number]
