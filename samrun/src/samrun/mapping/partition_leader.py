"""Questions to the broker that leads a partition."""

import time
from collections.abc import Callable
from typing import TypeVar

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException

from samrun.mapping.records import TopicPartition

_Answer = TypeVar("_Answer")

# Seconds.
_PATIENCE = 5.0
_PAUSE = 0.05


def ask_leader(ask: Callable[[], _Answer]) -> _Answer:
    """Return what `ask` returns. It is asked again, for up to 5 s, while a broker says that it is not the leader.

    A broker names itself as the leader of a new partition a moment before it leads it, and after a change of leaders
    clients ask the old one for a moment. librdkafka leaves questions for offsets to their callers to repeat. Raises
    what `ask` raises.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.NOT_LEADER_FOR_PARTITION or time.monotonic() >= end:
                raise
        time.sleep(_PAUSE)


def bounds(client: Consumer, partition: TopicPartition) -> tuple[int, int]:
    """Return the offset of the first record of a partition, and the one behind its last. Raises KafkaException."""
    asked = confluent_kafka.TopicPartition(*partition)
    begin, end = ask_leader(lambda: client.get_watermark_offsets(asked, timeout=_PATIENCE))
    return begin, end
