"""Producer of numbered records, in a thread of its own: it goes on until it is told to end."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count, islice
from typing import Self

from confluent_kafka import KafkaError, Message, Producer

_TICK = 0.02  # seconds
_PER_TICK = 10
_KEYS = 500


class NumberedRecords:
    """Producer of the records 0, 1, 2 … with keys, to all partitions that the topic has; 500 of them a second.

    A context manager: entering it begins, leaving it ends.
    """

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._topic = topic
        self._acknowledged: dict[tuple[int, int], int] = {}
        self._ending = threading.Event()
        self._executor = ThreadPoolExecutor(max_workers=1)
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "topic.metadata.refresh.interval.ms": 1_000,
                "reconnect.backoff.max.ms": 1_000,
                "log_level": 0,
            }
        )

    def __enter__(self) -> Self:
        self._run = self._executor.submit(self._produce)
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._producer.purge()  # after a failure, the broker may be away for good
        self._executor.shutdown()

    def end(self) -> Mapping[tuple[int, int], int]:
        """Produce no more. Return the number of each record that the broker has acknowledged, by partition and offset.

        Raises what the producer raised.
        """
        self._ending.set()
        self._run.result()
        return self._acknowledged

    def _produce(self) -> None:
        numbers = count()
        while not self._ending.wait(_TICK):
            for number in islice(numbers, _PER_TICK):
                acknowledge = partial(self._acknowledge, number)
                self._producer.produce(self._topic, str(number), f"key-{number % _KEYS}", on_delivery=acknowledge)
            self._producer.poll(0)
        self._producer.flush()

    def _acknowledge(self, number: int, error: KafkaError | None, message: "Message[bytes, bytes]") -> None:
        partition, offset = message.partition(), message.offset()
        if error is None and partition is not None and offset is not None:
            self._acknowledged[partition, offset] = number
