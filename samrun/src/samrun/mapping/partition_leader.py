"""Questions to the broker that leads a partition."""

import time
from collections.abc import Callable
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException

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
