"""Kafka publisher with a bound on every wait: an order must not wait for a broker."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka import KafkaProducer
from kafka.errors import InvalidRecordError, KafkaTimeoutError, MessageSizeTooLargeError, RecordListTooLargeError

from functions.order.errors import OrderError
from functions.order.producer.connection import NotConnectedError, explain_timeouts
from functions.order.producer.secrets import SecretUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kafka.producer.future import FutureRecordMetadata

    from functions.order.domain.events import ProducerRecord
    from functions.order.producer.authentication import Authentication

SEND_BUDGET = 2.0
PAUSE_AFTER_FAILURE = 10.0

_MIN_BUDGET = 0.1
# Errors of the record itself, which no later attempt can change.
_REFUSALS = (InvalidRecordError, MessageSizeTooLargeError, RecordListTooLargeError)
# Errors whose messages say what to do, and contain neither secrets nor records.
_EXPLAINED = (NotConnectedError, SecretUnavailableError)


class NotPublishedError(OrderError):
    """The broker did not acknowledge the event. The message gives the reason.

    The broker may have the event all the same: publish it again later.
    """


class EventRefusedError(NotPublishedError):
    """The broker will never accept the event. The message gives the reason."""


@dataclass(frozen=True, kw_only=True)
class RecordMetadata:
    """The place of the record in the topic."""

    topic: str
    partition: int
    offset: int


class KafkaPublisher:
    """Publisher to one topic over one producer, which it builds when needed and drops after any failure.

    `connect` builds a producer within the seconds that it is given. A send takes `budget` at most. After a failure,
    the publisher attempts no send for `pause`. All times are in seconds.
    """

    def __init__(
        self,
        *,
        topic: str,
        connect: Callable[[float], KafkaProducer],
        budget: float = SEND_BUDGET,
        pause: float = PAUSE_AFTER_FAILURE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._topic = topic
        self._connect = connect
        self._budget = budget
        self._pause = pause
        self._clock = clock
        self._producer: KafkaProducer | None = None
        self._paused_until = 0.0

    def warm_up(self) -> None:
        """Connect and read the topic's partitions before the first event. Raises NotPublishedError."""
        producer = self._get_producer(self._clock() + self._budget)
        try:
            producer.partitions_for(self._topic)
        except Exception as error:
            raise self._failed(error) from error

    def publish(self, record: ProducerRecord, *, budget: float | None = None) -> RecordMetadata:
        """Send `record` and wait for the acknowledgement, for `budget` at most.

        Raises NotPublishedError, and EventRefusedError if no later attempt can succeed.
        """
        [result] = self.publish_all([record], budget=budget)
        if isinstance(result, NotPublishedError):
            raise result
        return result

    def publish_all(
        self, records: Sequence[ProducerRecord], *, budget: float | None = None
    ) -> list[RecordMetadata | NotPublishedError]:
        """Send all records at once, within one `budget`, and return the result of each."""
        deadline = self._clock() + min(self._budget if budget is None else budget, self._budget)
        results = self._publish_together(records, deadline)
        if len(records) == 1:
            return results
        # When one record is refused, kafka-python fails all that it has not sent yet with the same error. Only a send
        # on its own shows which record it was.
        return [
            self._publish_together([record], deadline)[0] if isinstance(result, EventRefusedError) else result
            for record, result in zip(records, results, strict=True)
        ]

    def _publish_together(
        self, records: Sequence[ProducerRecord], deadline: float
    ) -> list[RecordMetadata | NotPublishedError]:
        try:
            producer = self._get_producer(deadline)
        except NotPublishedError as error:
            return [error] * len(records)
        sends = [self._send(producer, record, deadline) for record in records]
        # All are awaited before a failure of one ends the producer that they share.
        results = [self._result(send, deadline) for send in sends]
        return [self._failed(each) if isinstance(each, Exception) else each for each in results]

    def _get_producer(self, deadline: float) -> KafkaProducer:
        """Return the producer, which waits for nothing beyond `deadline`."""
        now = self._clock()
        if now < self._paused_until:
            raise NotPublishedError(f"Kafka failed less than {self._pause:.0f} s ago")
        if deadline - now < _MIN_BUDGET:
            raise NotPublishedError("no time left to send it")
        if self._producer is None:
            try:
                self._producer = self._connect(deadline - now)
            except Exception as error:  # errors of sockets, TLS and botocore come through kafka-python, too
                raise self._failed(error) from error
        self._bound_waits(self._producer, deadline)
        return self._producer

    def _bound_waits(self, producer: KafkaProducer, deadline: float) -> None:
        # send() and partitions_for() read at each call how long they may wait for metadata.
        producer.config["max_block_ms"] = int(max(0.0, deadline - self._clock()) * 1000)

    def _send(
        self, producer: KafkaProducer, record: ProducerRecord, deadline: float
    ) -> FutureRecordMetadata | Exception:
        self._bound_waits(producer, deadline)
        try:
            return producer.send(self._topic, key=record.key.encode(), value=record.value, headers=list(record.headers))
        except KafkaTimeoutError:
            return NotConnectedError(f"Kafka returned no metadata for the topic {self._topic}. Check that it exists.")
        except Exception as error:  # noqa: BLE001 - it is the result of this record
            return error

    def _result(self, send: FutureRecordMetadata | Exception, deadline: float) -> RecordMetadata | Exception:
        if isinstance(send, Exception):
            return send
        try:
            sent = send.get(timeout=max(0.0, deadline - self._clock()))
        except Exception as error:  # noqa: BLE001 - it is the result of this record
            return error
        return RecordMetadata(topic=sent.topic, partition=sent.partition, offset=sent.offset)

    def _failed(self, error: Exception) -> NotPublishedError:
        """Drop the producer, start a pause unless the record caused the error, and put the error into words."""
        self._drop_producer()
        # Of other errors only the type: their messages could quote the record.
        reason = str(error) if isinstance(error, _EXPLAINED) else type(error).__name__
        if isinstance(error, _REFUSALS):
            return EventRefusedError(f"Kafka rejected the event permanently: {reason}")
        self._paused_until = self._clock() + self._pause
        return NotPublishedError(f"no acknowledgement from Kafka: {reason}")

    def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            producer.close(timeout=0)
        except KafkaTimeoutError:
            # close() flushes first. With a record still in flight it ends here: its thread would go on sending, and its
            # finaliser would flush again, for a second.
            producer._sender.force_close()
            producer._closed = True


def producer_factory(
    *, servers: str, authentication: Authentication, budget: float = SEND_BUDGET
) -> Callable[[float], KafkaProducer]:
    """Return a function that connects to `servers` (host:port,…), for sends of `budget` seconds each."""

    def connect(seconds: float) -> KafkaProducer:
        end = time.monotonic() + seconds
        authentication_settings = authentication.producer_settings()
        left_ms = int((end - time.monotonic()) * 1000)
        with explain_timeouts():
            return KafkaProducer(
                bootstrap_servers=servers.split(","),
                client_id="order",
                acks="all",
                enable_idempotence=True,
                allow_auto_create_topics=False,
                bootstrap_timeout_ms=left_ms,
                max_block_ms=left_ms,
                delivery_timeout_ms=int(budget * 1000),
                # Half of the budget: a connection may have died while Lambda froze the environment, and then there is
                # time for a second attempt over a new one.
                request_timeout_ms=int(budget * 1000 / 2),
                reconnect_backoff_max_ms=int(budget * 1000 / 4),
                socket_options=[
                    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
                    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
                ],
                **authentication_settings,
            )

    return connect
