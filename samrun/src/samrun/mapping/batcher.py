"""Batcher of a mapping: decides which records are delivered together, and when."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from samrun.mapping.batch import Batch
from samrun.mapping.delivery import Delivery
from samrun.mapping.partition_queue import ROOM, PartitionQueue


@dataclass(frozen=True, kw_only=True)
class Batcher:
    """Batcher of the records in the queues of partitions. It takes one delivery of a partition at a time, in order.

    A batch is complete when it has `batch_size` records, or 6 MB, or `window` seconds after its first record came.

    Partitions share a batch, as in Lambda, if all their waiting records fit into it. A partition whose last batch
    failed gets a batch of its own: its records fail without those of others. Partitions with more records get a batch
    each, so that they are processed at the same time.
    """

    batch_size: int
    window: float

    def due(self, queues: Collection[PartitionQueue], now: float) -> Iterator[Delivery]:
        """Yield the deliveries to send at `now`, by the monotonic clock. Their queues note them as in flight."""
        for queue in queues:
            if queue.in_flight is None and queue.retries and queue.retries[0].due <= now:
                yield _sent([queue], queue.retries[0])
        for group in _groups(queues):
            if self._is_complete(group, now):
                for share in [group] if self._fits(group) else [[queue] for queue in group]:
                    records = {queue.partition: queue.take(self.batch_size) for queue in share}
                    yield _sent(share, Delivery(batch=Batch(records)))

    def next_due(self, queues: Collection[PartitionQueue]) -> float | None:
        """Return when the next delivery is due; None if only another record or result makes one due."""
        times = [queue.retries[0].due for queue in queues if queue.in_flight is None and queue.retries]
        times += [_first_arrival(group) + self.window for group in _groups(queues)]
        return min(times, default=None)

    def _is_complete(self, group: Sequence[PartitionQueue], now: float) -> bool:
        is_full = sum(queue.count for queue in group) >= self.batch_size or sum(queue.size for queue in group) > ROOM
        return is_full or now >= _first_arrival(group) + self.window

    def _fits(self, group: Sequence[PartitionQueue]) -> bool:
        return sum(queue.count for queue in group) <= self.batch_size and sum(queue.size for queue in group) <= ROOM


def _groups(queues: Collection[PartitionQueue]) -> list[list[PartitionQueue]]:
    """Return the queues that may share a batch, and each other queue with waiting records by itself."""
    waiting = [queue for queue in queues if queue.is_free and queue.count]
    trusted = [queue for queue in waiting if queue.is_trusted]
    return [*([trusted] if trusted else []), *([queue] for queue in waiting if not queue.is_trusted)]


def _first_arrival(group: Sequence[PartitionQueue]) -> float:
    return min(queue.first_arrival for queue in group)


def _sent(queues: Collection[PartitionQueue], delivery: Delivery) -> Delivery:
    for queue in queues:
        queue.send(delivery)
    return delivery
