"""Follower of a topic: reads its records from an offset on, as they come, outside any consumer group."""

import time
from collections.abc import Callable, Iterator
from typing import Self

from samrun.administration.kafka_connection import KafkaConnection
from samrun.administration.offset_choice import OffsetChoice
from samrun.administration.partition_offsets import chosen_offsets
from samrun.administration.topic_admin import TopicAdmin
from samrun.mapping.record_consumer import RecordConsumer
from samrun.mapping.records import KafkaRecord, TopicPartition

# Seconds.
_POLL = 0.2
_LOOK_FOR_PARTITIONS = 3.0


class RecordFollower:
    """Follower of one topic, or of one partition of it. A context manager: leaving it closes the connections.

    Methods raise KafkaException.
    """

    def __init__(self, connection: KafkaConnection, topic: str, partition: int | None, begin: OffsetChoice) -> None:
        """Find the partitions and their first offsets. Raises TopicError and KafkaUnreachableError."""
        self._admin = connection.admin()
        self._topics = TopicAdmin(self._admin)
        self._topic = topic
        self._partition = partition
        self._looked = time.monotonic()
        self._at_end: set[TopicPartition] = set()
        self._offsets = dict(chosen_offsets(self._admin, self._partitions(), begin))
        self._consumer = RecordConsumer(connection.settings, skips_deleted=True)
        self._consumer.add(self._offsets)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def records(self, *, follow: bool, while_waiting: Callable[[], None]) -> Iterator[KafkaRecord]:
        """Yield the records; without `follow`, those that are there. Call `while_waiting` several times a second."""
        while follow or self._offsets.keys() > self._at_end:
            while_waiting()
            for found in self._consumer.poll(_POLL):
                if isinstance(found, TopicPartition):
                    self._at_end.add(found)
                else:
                    yield found
            if follow:
                self._find_new_partitions()

    def _partitions(self) -> list[TopicPartition]:
        if self._partition is None:
            return self._topics.partitions(self._topic)
        return [self._topics.partition(self._topic, self._partition)]

    def _find_new_partitions(self) -> None:
        """Read partitions that were added, from their beginning."""
        if time.monotonic() - self._looked < _LOOK_FOR_PARTITIONS:
            return
        self._looked = time.monotonic()
        added = {each: 0 for each in self._partitions() if each not in self._offsets}
        if added:
            self._offsets |= added
            self._consumer.add(added)
