"""Reader of the records of a topic, outside any consumer group."""

from collections.abc import Iterator
from typing import Self

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException

from samrun.mapping.client_records import partition_of, record_of
from samrun.mapping.records import KafkaRecord, TopicPartition

INTERNAL = "__"
"""Beginning of the names of Kafka's internal topics."""

# Seconds.
_PATIENCE = 5.0
# The client waits for as long even if the last record has come.
_POLL = 0.05
_RECORDS_PER_POLL = 1000


class TopicReader:
    """Reader of the topics of one cluster. A context manager: leaving it closes the connections.

    Methods raise KafkaException.
    """

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "samrun-reader",  # the client demands one; it joins none
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
                "isolation.level": "read_uncommitted",
                "log_level": 0,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def topics(self) -> list[str]:
        """Return the names of all topics but for Kafka's internal ones."""
        found = self._consumer.list_topics(timeout=_PATIENCE).topics
        return sorted(name for name in found if not name.startswith(INTERNAL))

    def partitions(self, topic: str) -> list[TopicPartition]:
        """Return the partitions of a topic; none if there is no such topic."""
        found = self._consumer.list_topics(topic, timeout=_PATIENCE).topics[topic]
        return [TopicPartition(topic, number) for number in sorted(found.partitions)]

    def bounds(self, partition: TopicPartition) -> tuple[int, int]:
        """Return the offset of the first record of a partition, and the one behind its last."""
        begin, end = self._consumer.get_watermark_offsets(confluent_kafka.TopicPartition(*partition), timeout=_PATIENCE)
        return begin, end

    def read(self, partition: TopicPartition, start: int, end: int) -> list[KafkaRecord]:
        """Return the records from the offset `start` up to, but without, `end`."""
        if start >= end:
            return []
        self._consumer.assign([confluent_kafka.TopicPartition(*partition, start)])
        return list(self._until(end))

    def _until(self, end: int) -> Iterator[KafkaRecord]:
        # Markers of transactions are no records: behind them is the end of the partition.
        for record in self._messages():
            if record is None or record.offset >= end:
                return
            yield record
            if record.offset == end - 1:
                return

    def _messages(self) -> Iterator[KafkaRecord | None]:
        """Yield the records of the assigned partition, and None at its end."""
        while True:
            for message in self._consumer.consume(_RECORDS_PER_POLL, _POLL):
                error, partition = message.error(), partition_of(message)
                if error and error.code() == KafkaError._PARTITION_EOF:
                    yield None
                elif error:
                    raise KafkaException(error)
                elif partition:
                    yield record_of(message, partition)
