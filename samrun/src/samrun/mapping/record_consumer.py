"""Consumer of records outside any consumer group: from given offsets on, with what Kafka's client says in between."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException

from samrun.mapping.client_records import partition_of, record_of
from samrun.mapping.records import KafkaRecord, TopicPartition

_RECORDS_PER_POLL = 500
_MAX_QUEUE = 16_384  # kilobytes that the client fetches ahead
_FETCH_WAIT = 20  # milliseconds


class RecordConsumer:
    """Consumer of the partitions that it is given. A context manager: leaving it closes the connections.

    `settings` are librdkafka's, those of the connection. With `skips_deleted`, records that Kafka has deleted meanwhile
    are skipped; without it, they are an error. Methods raise KafkaException.
    """

    def __init__(self, settings: Mapping[str, Any], *, skips_deleted: bool = False) -> None:
        self.client = Consumer(
            {
                "log_level": 0,
                **settings,
                "group.id": "samrun-reader",  # the client demands one; it joins none
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest" if skips_deleted else "error",
                "isolation.level": "read_uncommitted",  # as a mapping reads
                "queued.max.messages.kbytes": _MAX_QUEUE,
                # A request that waits at the end of one partition delays the next one, of others.
                "fetch.wait.max.ms": _FETCH_WAIT,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def add(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Read further partitions, each from its offset on."""
        self.client.incremental_assign([confluent_kafka.TopicPartition(*each, at) for each, at in offsets.items()])

    def remove(self, partitions: Iterable[TopicPartition]) -> None:
        """Read these partitions no more."""
        self.client.incremental_unassign([confluent_kafka.TopicPartition(*each) for each in partitions])

    def poll(self, patience: float) -> Iterator[KafkaRecord | TopicPartition]:
        """Wait up to `patience` seconds, and yield the records that came; and each partition whose end was reached."""
        for message in self.client.consume(_RECORDS_PER_POLL, patience):
            error, partition = message.error(), partition_of(message)
            if error and error.code() == KafkaError._PARTITION_EOF and partition:
                yield partition
            elif error:
                raise KafkaException(error)
            elif partition:
                yield record_of(message, partition)
