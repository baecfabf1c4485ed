"""Records from the messages of Kafka's client.

It has the keys of headers as texts, and Kafka has bytes. It cannot read the headers of a record if one of their keys is
not UTF-8, and it has a key only up to its first byte 0.
"""

from functools import lru_cache
from operator import methodcaller
from typing import Any

import confluent_kafka
from confluent_kafka import Message

from samrun.mapping.records import CREATE_TIME, LOG_APPEND_TIME, KafkaRecord, TopicPartition

_TIMESTAMP_TYPES = {
    confluent_kafka.TIMESTAMP_CREATE_TIME: CREATE_TIME,
    confluent_kafka.TIMESTAMP_LOG_APPEND_TIME: LOG_APPEND_TIME,
}


# The client returns a damaged list and sets an exception. A call in Python checks for that only as long as it is new:
# once it is optimized, it goes on with both, and something else fails later.
_read_headers = methodcaller("headers")


def record_of(message: "Message[bytes, bytes]", partition: TopicPartition) -> KafkaRecord:
    """Return the record of a message without an error; `partition` is the one of `partition_of`."""
    timestamp_type, timestamp = message.timestamp()
    headers: Any
    try:
        headers = _read_headers(message) or ()
    except Exception:  # noqa: BLE001 - today it is a SystemError; no record may end the mapping
        headers = None
    return KafkaRecord(
        partition,
        message.offset() or 0,  # never None, whatever the type says
        timestamp,
        _TIMESTAMP_TYPES.get(timestamp_type, -1),
        message.key(),
        message.value(),
        headers or (),
        lacks_headers=headers is None,
    )


def partition_of(message: "Message[bytes, bytes]") -> TopicPartition | None:
    """Return the partition of a record, or the one that an error is about, if it is about one."""
    topic, partition = message.topic(), message.partition()
    return None if topic is None or partition is None or partition < 0 else _partition(topic, partition)


@lru_cache
def _partition(topic: str, partition: int) -> TopicPartition:
    return TopicPartition(topic, partition)
