"""A member of a consumer group that talks to no broker: for the tests of the membership and of the dispatcher."""

import contextlib
import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import KafkaException

from samrun.mapping.records import TopicPartition


class FakeMember:
    """Stands for a member of the group: it notes what is committed and sought.

    Each commit waits for the next of `answers`, which is None or the error; without `answers`, it succeeds at once. A
    poll calls the next of `due`, in the thread that polls.
    """

    def __init__(self, answers: queue.SimpleQueue[KafkaException | None] | None = None) -> None:
        self.commits: list[Mapping[TopicPartition, int]] = []
        self.sought: list[tuple[TopicPartition, int]] = []
        self.due: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.closed = threading.Event()
        self._answers = answers

    @property
    def committed(self) -> dict[TopicPartition, int]:
        """The last offset of each partition."""
        return {partition: offset for offsets in self.commits for partition, offset in offsets.items()}

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.commits.append(offsets)
        if self._answers and (error := self._answers.get(timeout=30)):
            raise error

    def pause(self, partition: TopicPartition) -> None:
        raise AssertionError(partition)

    def resume(self, partition: TopicPartition) -> None:
        raise AssertionError(partition)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.sought.append((partition, offset))

    def poll(self, _count: int, *, timeout: float) -> list[Any]:
        with contextlib.suppress(queue.Empty):
            self.due.get(timeout=timeout)()
        return []

    def close(self) -> None:
        self.closed.set()
