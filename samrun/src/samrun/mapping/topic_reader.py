"""Reader of the records of a topic, outside any consumer group."""

from collections.abc import Iterator, Mapping
from typing import Any, Self

from samrun.mapping.partition_leader import bounds
from samrun.mapping.record_consumer import RecordConsumer
from samrun.mapping.records import KafkaRecord, TopicPartition

INTERNAL = "__"
"""Beginning of the names of Kafka's internal topics."""

Spans = Mapping[TopicPartition, tuple[int, int]]
"""First offset of each partition, and the one behind its last."""

# Seconds.
_PATIENCE = 5.0
# The client waits for as long even if the last record has come.
_POLL = 0.05


class TopicReader:
    """Reader of the topics of one cluster. A context manager: leaving it closes the connections.

    `settings` are librdkafka's, for the authentication. Methods raise KafkaException.
    """

    def __init__(self, bootstrap: str, settings: Mapping[str, Any] | None = None) -> None:
        self._consumer = RecordConsumer({**(settings or {}), "bootstrap.servers": bootstrap})
        self._client = self._consumer.client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def topics(self) -> list[str]:
        """Return the names of all topics but for Kafka's internal ones."""
        found = self._client.list_topics(timeout=_PATIENCE).topics
        return sorted(name for name in found if not name.startswith(INTERNAL))

    def partitions(self, topic: str) -> list[TopicPartition]:
        """Return the partitions of a topic; none if there is no such topic."""
        found = self._client.list_topics(topic, timeout=_PATIENCE).topics[topic]
        return [TopicPartition(topic, number) for number in sorted(found.partitions)]

    def bounds(self, partition: TopicPartition) -> tuple[int, int]:
        """Return the offset of the first record of a partition, and the one behind its last."""
        return bounds(self._client, partition)

    def read(self, partition: TopicPartition, start: int, end: int) -> list[KafkaRecord]:
        """Return the records from the offset `start` up to, but without, `end`."""
        return list(self.read_spans({partition: (start, end)}))

    def read_spans(self, spans: Spans) -> Iterator[KafkaRecord]:
        """Yield the records of these spans, of all partitions at once: only within one are they in their order."""
        ends = {partition: end for partition, (start, end) in spans.items() if start < end}
        if not ends:
            return
        self._consumer.add({partition: spans[partition][0] for partition in ends})
        try:
            while ends:
                for found in self._consumer.poll(_POLL):
                    if isinstance(found, TopicPartition):
                        # Markers of transactions are no records: behind them is the end of the partition.
                        self._drop(found, ends)
                    elif found.topic_partition in ends:
                        end = ends[found.topic_partition]
                        if found.offset < end:
                            yield found
                        if found.offset >= end - 1:
                            self._drop(found.topic_partition, ends)
        finally:
            self._consumer.remove(ends)

    def _drop(self, partition: TopicPartition, ends: dict[TopicPartition, int]) -> None:
        if ends.pop(partition, None) is not None:
            self._consumer.remove([partition])
