"""Committed offsets of a group, watched all the while: what was committed by when."""

import threading
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from confluent_kafka import Consumer, KafkaException, TopicPartition

# Seconds.
_PAUSE = 0.02
_PATIENCE = 2.0


class CommittedOffsets:
    """Offsets that were seen to be committed, and when, in seconds of the monotonic clock, which all processes share.

    `regressions` has a sentence about each commit that was followed by one of an earlier offset.
    """

    def __init__(self) -> None:
        self.regressions: list[str] = []
        self._times: dict[int, list[float]] = defaultdict(list)
        self._offsets: dict[int, list[int]] = defaultdict(list)

    def note(self, at: float, offsets: Mapping[int, int]) -> None:
        """Note the committed offset of each partition, as it was at some time before `at`; below 0 it has none."""
        for partition, found in offsets.items():
            offset, highest = max(found, 0), self.by(at, partition)
            if offset > highest:
                self._times[partition].append(at)
                self._offsets[partition].append(offset)
            elif offset < highest:
                self.regressions.append(f"{partition}@{highest} was committed, and {offset} after it, at {at:.3f}")

    def by(self, at: float, partition: int) -> int:
        """Return the highest offset that had been committed by then; 0 if none had."""
        count = bisect_right(self._times[partition], at)
        return self._offsets[partition][count - 1] if count else 0


class CommitWatch:
    """Watch of the offsets that a group has committed for a topic, in a thread of its own.

    It reads them as a consumer does that is no member of the group: librdkafka's admin client ends the process by an
    assertion (2.16, rd_kafka_enq_once_del_source_return) when the broker is killed. While no broker answers, it asks
    again. A context manager: entering it begins, leaving it ends.
    """

    def __init__(self, bootstrap: str, group: str, topic: str, *, partitions: int) -> None:
        """Watch up to so many `partitions`; those that are missing may be added later."""
        self._partitions = [TopicPartition(topic, number) for number in range(partitions)]
        self._committed = CommittedOffsets()
        self._ending = threading.Event()
        self._executor = ThreadPoolExecutor(max_workers=1)
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": group, "reconnect.backoff.max.ms": 500, "log_level": 0}
        )

    def __enter__(self) -> Self:
        self._run = self._executor.submit(self._watch)
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._executor.shutdown()
        self._consumer.close()

    def has_seen(self, offsets: Mapping[int, int]) -> bool:
        """Tell whether these offsets, by partition, or later ones have been committed."""
        now = time.monotonic()
        return all(self._committed.by(now, partition) >= offset for partition, offset in offsets.items())

    def end(self) -> CommittedOffsets:
        """Look no more, and return what was seen. Raises what the watch raised."""
        self._ending.set()
        self._run.result()
        return self._committed

    def _watch(self) -> None:
        while not self._ending.wait(_PAUSE):
            try:
                found = self._consumer.committed(self._partitions, timeout=_PATIENCE)
            except KafkaException:
                continue
            self._committed.note(time.monotonic(), {each.partition: each.offset for each in found})
