"""Records from the messages of Kafka's client."""

from functools import lru_cache
from typing import Any

import confluent_kafka
from confluent_kafka import Message

from samrun.mapping.records import CREATE_TIME, LOG_APPEND_TIME, KafkaRecord, TopicPartition

_TIMESTAMP_TYPES = {
    confluent_kafka.TIMESTAMP_CREATE_TIME: CREATE_TIME,
    confluent_kafka.TIMESTAMP_LOG_APPEND_TIME: LOG_APPEND_TIME,
}


def record_of(message: "Message[bytes, bytes]", partition: TopicPartition) -> KafkaRecord:
    """Return the record of a message without an error; `partition` is the one of `partition_of`."""
    timestamp_type, timestamp = message.timestamp()
    headers: Any = message.headers() or ()
    return KafkaRecord(
        partition,
        message.offset() or 0,  # never None, whatever the type says
        timestamp,
        _TIMESTAMP_TYPES.get(timestamp_type, -1),
        message.key(),
        message.value(),
        headers,
    )


def partition_of(message: "Message[bytes, bytes]") -> TopicPartition | None:
    """Return the partition of a record, or the one that an error is about, if it is about one."""
    topic, partition = message.topic(), message.partition()
    return None if topic is None or partition is None or partition < 0 else _partition(topic, partition)


@lru_cache
def _partition(topic: str, partition: int) -> TopicPartition:
    return TopicPartition(topic, partition)
