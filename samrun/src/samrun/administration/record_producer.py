"""Producer of records: sends them to a topic, at a rate if one is given, and says where each one is."""

import time
from collections.abc import Callable, Iterable

import confluent_kafka
from confluent_kafka import KafkaException, Message, Producer

from samrun.administration.kafka_connection import KafkaConnection
from samrun.administration.record_text import NewRecord
from samrun.administration.topic_admin import TopicAdmin
from samrun.mapping.client_records import partition_of
from samrun.mapping.records import TopicPartition

_PATIENCE = 30.0  # seconds until a record that no broker acknowledges has failed
_AHEAD = 10_000  # records that are not acknowledged yet
_BY_KEY = -1  # librdkafka's RD_KAFKA_PARTITION_UA

Stored = Callable[[TopicPartition, int], None]
"""Gets the partition and the offset of each record, in the order of the acknowledgements."""


def produce(
    connection: KafkaConnection, topic: str, records: Iterable[NewRecord], *, stored: Stored, rate: float | None = None
) -> None:
    """Send records, up to `rate` in a second, and wait until all are acknowledged.

    Raises TopicError if there is no such topic or partition, and KafkaUnreachableError for a record that no broker
    takes. Records after that one are not sent.
    """
    topics = TopicAdmin(connection.admin())
    with connection.errors_for_people():
        topics.partitions(topic)
        _Producer(connection, topics, topic, stored).send_all(records, rate=rate)


class _Producer:
    def __init__(self, connection: KafkaConnection, topics: TopicAdmin, topic: str, stored: Stored) -> None:
        self._topics = topics
        self._topic = topic
        self._stored = stored
        self._failure: KafkaException | None = None
        self._waiting = 0
        self._producer = Producer(
            {
                **connection.settings,
                # Kafka's records keep the order in which they were sent, without repeats.
                "enable.idempotence": True,
                "message.timeout.ms": int(_PATIENCE * 1000),
                # Keys go to the partitions to which Java's client sends them.
                "partitioner": "murmur2_random",
                "linger.ms": 5,
            }
        )

    def send_all(self, records: Iterable[NewRecord], *, rate: float | None) -> None:
        begin = time.monotonic()
        for number, record in enumerate(records):
            if rate:
                self._wait_until(begin + number / rate)
            self._send(record)
            while self._waiting >= _AHEAD:
                self._poll(0.1)
            self._poll(0)
        while self._waiting:
            self._poll(0.1)

    def _wait_until(self, moment: float) -> None:
        while (rest := moment - time.monotonic()) > 0:
            self._poll(min(rest, 0.1))

    def _send(self, record: NewRecord) -> None:
        if record.partition is not None:
            self._topics.partition(self._topic, record.partition)
        self._waiting += 1
        while not self._is_queued(record):
            self._poll(0.1)

    def _is_queued(self, record: NewRecord) -> bool:
        """Give a record to the client. Return False if its queue is full: of large records, it holds few."""
        try:
            self._producer.produce(
                self._topic,
                value=record.value,
                key=record.key,
                headers=list(record.headers),
                partition=_BY_KEY if record.partition is None else record.partition,
                on_delivery=self._note,
            )
        except BufferError:
            return False
        return True

    def _poll(self, timeout: float) -> None:
        """Hear of acknowledgements. Raises the first failure."""
        self._producer.poll(timeout)
        if self._failure:
            raise self._failure

    def _note(self, error: confluent_kafka.KafkaError | None, message: "Message[bytes, bytes]") -> None:
        self._waiting -= 1
        partition = partition_of(message)
        if error:
            self._failure = self._failure or KafkaException(error)
        elif partition:
            self._stored(partition, message.offset() or 0)
