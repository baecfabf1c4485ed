"""Queue of one partition: its records that were read and are not done, in the order of their offsets."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice

from samrun.functions.invoker import PAYLOAD_LIMIT
from samrun.mapping.delivery import Delivery
from samrun.mapping.records import KafkaRecord, TopicPartition

# Bytes of an event: those for all but its records (the source, the brokers, the partitions), and for its records.
_ENVELOPE = 64 * 1024
ROOM = PAYLOAD_LIMIT - _ENVELOPE


class PartitionQueue:
    """Records of one partition: one delivery in flight, then the deliveries to retry, then the records behind them.

    Nothing is delivered before what is ahead of it is done: a partition keeps its order. So there is one offset up to
    which everything is done, `done_before`. `next_offset` is the offset of the next record to read, and `begun_at` that
    of the first one.
    """

    def __init__(self, partition: TopicPartition, next_offset: int) -> None:
        self.partition = partition
        self.begun_at = next_offset
        self.next_offset = next_offset
        self.in_flight: Delivery | None = None
        self.retries: list[Delivery] = []
        self.is_trusted = True
        """True if its last batch, if there was one, succeeded. Only such partitions share a batch: see `Batcher`."""
        self._is_stale = False
        self._waiting: deque[tuple[KafkaRecord, float]] = deque()
        self._size = 0

    @property
    def count(self) -> int:
        """Number of the records that wait for their first delivery."""
        return len(self._waiting)

    def first(self, count: int) -> Iterator[KafkaRecord]:
        """Yield the first of these records, up to `count`."""
        yield from (record for record, _ in islice(self._waiting, count))

    @property
    def size(self) -> int:
        """Bytes that these records take in an event."""
        return self._size

    def add(self, record: KafkaRecord, now: float) -> None:
        """Put a record at the end, unless it was there before: after a rebalance, Kafka may send it again."""
        if record.offset >= self.next_offset:
            self._size += len(record.as_json) + 1
            self._waiting.append((record, now))
            self.next_offset = record.offset + 1

    def skip(self, offset: int) -> None:
        """Note that a record needs no delivery."""
        self.next_offset = max(self.next_offset, offset + 1)

    def forget_waiting(self) -> None:
        """Drop the records that wait for their first delivery, to be read again."""
        if self._waiting:
            self.next_offset = self._waiting[0][0].offset
        self._waiting.clear()
        self._size = 0

    @property
    def first_arrival(self) -> float:
        """Time at which the first of these records came, by the monotonic clock. There has to be one."""
        return self._waiting[0][1]

    @property
    def is_free(self) -> bool:
        """Tell whether the next delivery may be one of waiting records."""
        return self.in_flight is None and not self.retries

    def take(self, count: int) -> tuple[KafkaRecord, ...]:
        """Take up to `count` waiting records that fit into one event, but at least one."""
        taken: list[KafkaRecord] = []
        size = 0
        waiting = self._waiting
        while waiting and len(taken) < count:
            record = waiting[0][0]
            grown = size + len(record.as_json) + 1
            if taken and grown > ROOM:
                break
            size = grown
            taken.append(record)
            waiting.popleft()
        self._size -= size
        return tuple(taken)

    def send(self, delivery: Delivery) -> None:
        """Note that a delivery of the partition is in flight."""
        if delivery in self.retries:
            self.retries.remove(delivery)
        self.in_flight = delivery

    def wait_for(self, delivery: Delivery) -> None:
        """Send nothing until this delivery has ended. Its result is ignored: another member has continued."""
        self.in_flight = delivery
        self._is_stale = True

    def finish(self, remaining: Sequence[Delivery], *, succeeded: bool) -> None:
        """Note that the delivery in flight has ended; `remaining` are its retries."""
        self.in_flight = None
        if self._is_stale:
            self._is_stale = False
            return
        self.retries[:0] = remaining
        self.is_trusted = succeeded and not remaining

    @property
    def done_before(self) -> int:
        """The offset up to which every record is done: that of the first one that is not."""
        first = self.in_flight if self.in_flight and not self._is_stale else next(iter(self.retries), None)
        if first:
            return first.batch.records[self.partition][0].offset
        return self._waiting[0][0].offset if self._waiting else self.next_offset
