"""The batch that is being gathered: how many records still fit, and when it is complete."""

import time

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from local.invoker import PAYLOAD_LIMIT
from local.mapping.batch import Batch, payload_size

# What an event holds beside its records: the source, the brokers, the names of its partitions.
_ENVELOPE = 64 * 1024


class Gathering:
    """Collects records until the batch is full, or until `window` seconds after its first record."""

    def __init__(self, *, batch_size: int, window: float) -> None:
        self._batch_size = batch_size
        self._window = window
        self._begin()

    def _begin(self) -> None:
        self._records: dict[TopicPartition, list[ConsumerRecord]] = {}
        self._count = 0
        self._size = _ENVELOPE
        self._overflowed = False
        self.closes: float | None = None
        """When the window closes, by the monotonic clock; None before the first record."""

    @property
    def room(self) -> int:
        """How many records more the batch takes, if they are small enough."""
        return 0 if self._overflowed else self._batch_size - self._count

    @property
    def window_closed(self) -> bool:
        return self.closes is not None and time.monotonic() >= self.closes

    def add(self, partition: TopicPartition, record: ConsumerRecord) -> bool:
        """Take the record, unless it would make the event too large: then the batch is full.

        The first record is always taken, since no smaller batch can hold it.
        """
        size = payload_size(record)
        self._overflowed = self._overflowed or (self._count > 0 and self._size + size > PAYLOAD_LIMIT)
        if self._overflowed:
            return False
        self._records.setdefault(partition, []).append(record)
        self._count += 1
        self._size += size + 1
        if self.closes is None:
            self.closes = time.monotonic() + self._window
        return True

    def take(self) -> Batch:
        """Return what was gathered, and begin anew."""
        batch = Batch({partition: tuple(records) for partition, records in self._records.items()})
        self._begin()
        return batch
