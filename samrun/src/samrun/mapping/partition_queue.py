"""The batches of a mapping that come again, and when."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kafka import TopicPartition

from local.invoker import Answer
from local.mapping.batch import Batch

# Seconds. AWS does not say how long Lambda waits between tries.
_FIRST_BACK_OFF = 0.2
_LONGEST_BACK_OFF = 5.0


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A batch that is to be delivered at `due`, in seconds of the monotonic clock.

    `tries` is how often it was delivered before, whole or as a part of a larger batch; `stalled`, how often in a row
    without getting smaller. `last` is the answer to the last of these tries.
    """

    batch: Batch
    due: float = 0.0
    tries: int = 0
    stalled: int = 0
    last: Answer | None = None

    def again(self, batch: Batch, last: Answer | None) -> "Delivery":
        """Return the next delivery of what is left of the batch, after a pause that grows while nothing gets done.

        A part has had as many tries as the whole. Of streams, AWS says that a split does not count as a try; of Kafka
        it says nothing, and this is the harder case: with few tries, a bad record takes its neighbours along.
        """
        stalled = self.stalled + 1 if len(batch) == len(self.batch) else 1
        return Delivery(
            batch=batch, due=time.monotonic() + _pause(stalled), tries=self.tries + 1, stalled=stalled, last=last
        )

    @property
    def pause(self) -> float:
        """The seconds between the try that failed and this one."""
        return _pause(self.stalled)


def _pause(stalled: int) -> float:
    return float(min(_FIRST_BACK_OFF * 2 ** min(stalled - 1, 10), _LONGEST_BACK_OFF))


class Waiting:
    """Deliveries that wait for their time; of one partition, they are in the order of its offsets."""

    def __init__(self) -> None:
        self._deliveries: list[Delivery] = []

    def put(self, parts: Sequence[Delivery], *, instead_of: Delivery) -> None:
        """Put what is left of a delivery, in its order, where that was; nothing waits of a partition that is new."""
        places = [index for index, each in enumerate(self._deliveries) if each is instead_of]
        [place] = places or [len(self._deliveries)]
        self._deliveries[place : place + len(places)] = parts

    def due(self) -> Delivery | None:
        """Return the first delivery whose time has come; it waits on until something is put instead of it."""
        now = time.monotonic()
        return next((each for each in self._unblocked() if each.due <= now), None)

    def next_due(self) -> float | None:
        """Return when the next one is due."""
        return min((each.due for each in self._unblocked()), default=None)

    def lowest_offset(self, partition: TopicPartition) -> int | None:
        """Return the first offset of a partition that waits, None if none does."""
        waiting = (each.batch.records[partition] for each in self._deliveries if partition in each.batch.records)
        first = next(waiting, None)
        return None if first is None else int(first[0].offset)

    def _unblocked(self) -> Iterator[Delivery]:
        """Return the deliveries that have no earlier records of their partitions before them."""
        earlier: set[TopicPartition] = set()
        for each in self._deliveries:
            if earlier.isdisjoint(each.batch.records):
                yield each
            earlier.update(each.batch.records)
