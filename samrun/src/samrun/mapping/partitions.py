"""Partitions of a mapping: their queues, those that a rebalance took away, and the offsets to commit."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from samrun.mapping.batch_processor import DeliveryResult
from samrun.mapping.delivery import Delivery
from samrun.mapping.partition_queue import PartitionQueue
from samrun.mapping.record_filter import RecordFilter
from samrun.mapping.records import KafkaRecord, TopicPartition


class Partitions:
    """Queues of the partitions that a member has.

    A rebalance may take a partition away and give it back a moment later. Its deliveries, in flight or to be retried,
    and what is done but not committed, are kept until then: they count if nobody else has gone beyond them meanwhile.
    They do not count if the group had a committed offset and has none any more: Kafka deletes it with its topic, so the
    records of this name are others now.
    """

    def __init__(self, record_filter: RecordFilter | None = None) -> None:
        self._filter = record_filter or RecordFilter()
        self._queues: dict[TopicPartition, PartitionQueue] = {}
        # The queues that were taken away.
        self._former: dict[TopicPartition, PartitionQueue] = {}
        self._committed: dict[TopicPartition, int] = {}
        # The partitions of which the group has had a committed offset for sure.
        self._known: set[TopicPartition] = set()

    @property
    def queues(self) -> Collection[PartitionQueue]:
        return self._queues.values()

    def assign(
        self, offsets: Mapping[TopicPartition, int], uncommitted: Collection[TopicPartition] = ()
    ) -> dict[TopicPartition, int]:
        """Take these partitions. Return the offset to read each one from.

        The offsets are the committed ones, or those at which the mapping begins to read the `uncommitted` partitions.
        """
        for partition, offset in offsets.items():
            was_deleted = partition in uncommitted and partition in self._known
            former = self._former.pop(partition, None)
            if former and not was_deleted and former.begun_at <= offset <= former.done_before:
                queue = former
            else:
                queue = PartitionQueue(partition, offset)
                if former and former.in_flight:
                    queue.wait_for(former.in_flight)
            self._queues[partition] = queue
            self._committed.pop(partition, None)
        self._known -= set(uncommitted)
        self._known |= offsets.keys() - set(uncommitted)
        return {partition: self._queues[partition].next_offset for partition in offsets}

    def take_away(self, partitions: Iterable[TopicPartition]) -> None:
        """Give these partitions up."""
        for partition in partitions:
            if queue := self._queues.pop(partition, None):
                queue.forget_waiting()
                self._former[partition] = queue

    def skip_to(self, offsets: Mapping[TopicPartition, int]) -> list[TopicPartition]:
        """Begin these partitions at other offsets, and return those that are there.

        What was read of them is forgotten, and the result of a delivery that is in flight is ignored.
        """
        skipped = [partition for partition in offsets if partition in self._queues]
        for partition in skipped:
            queue = PartitionQueue(partition, offsets[partition])
            if in_flight := self._queues[partition].in_flight:
                queue.wait_for(in_flight)
            self._queues[partition] = queue
        return skipped

    def take_all_away(self) -> None:
        """Give all partitions up."""
        self.take_away(list(self._queues))

    def in_flight(self, partitions: Iterable[TopicPartition] | None = None) -> bool:
        """Tell whether a delivery of any of these partitions, or of any at all, is in flight."""
        named = self._queues if partitions is None else partitions
        return any(queue.in_flight for partition in named if (queue := self._queues.get(partition)))

    def add(
        self, partition: TopicPartition, records: Iterable[KafkaRecord], now: float
    ) -> Sequence[tuple[KafkaRecord, str]]:
        """Put records of a partition at the end of its queue, if they pass the filter; forget those of one taken away.

        Return those that cannot be filtered or put into an event, which are skipped, with the names of the errors.
        """
        queue = self._queues.get(partition)
        if queue is None:
            return ()
        unreadable = []
        for record in records:
            try:
                if self._filter.passes(record):
                    queue.add(record, now)
                    continue
            except Exception as error:  # noqa: BLE001 - no record may end the mapping
                unreadable.append((record, type(error).__name__))
            queue.skip(record.offset)
        return unreadable

    def finish(self, delivery: Delivery, result: DeliveryResult) -> None:
        """Note the result of a delivery in the queue of each of its partitions."""
        for queue in [*self._queues.values(), *self._former.values()]:
            if queue.in_flight is delivery:
                remaining = [each for each in result.retries if queue.partition in each.batch.records]
                queue.finish(remaining, succeeded=result.succeeded)

    def done(self, partitions: Iterable[TopicPartition] | None = None) -> dict[TopicPartition, int]:
        """Return the offset up to which these partitions, or all, are done."""
        named = self._queues if partitions is None else partitions
        return {partition: self._queues[partition].done_before for partition in named if partition in self._queues}

    def take_uncommitted(self) -> dict[TopicPartition, int]:
        """Return the offsets to commit, and note them as committed."""
        uncommitted = {
            partition: offset for partition, offset in self.done().items() if self._committed.get(partition) != offset
        }
        self._committed |= uncommitted
        return uncommitted

    def committed(self, partitions: Iterable[TopicPartition]) -> None:
        """Note that a commit of these partitions succeeded."""
        self._known.update(partitions)

    def not_committed(self, partitions: Iterable[TopicPartition]) -> None:
        """Note that the last commit of these partitions failed."""
        for partition in partitions:
            self._committed.pop(partition, None)

    def get(self, partition: TopicPartition) -> PartitionQueue | None:
        return self._queues.get(partition)
