"""Kafka, with a bound on every wait: an order must not hang on a broker."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka import KafkaProducer
from kafka.errors import InvalidRecordError, KafkaTimeoutError, MessageSizeTooLargeError, RecordListTooLargeError

from functions.order.connection import NotConnectedError, explained
from functions.order.secrets import SecretUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kafka.producer.future import FutureRecordMetadata

    from functions.order.authentication import Login
    from functions.order.events import Message

SEND_BUDGET = 2.0
PAUSE_AFTER_FAILURE = 10.0

_LEAST_BUDGET = 0.1
# What no later try can change: it is the record that the broker will not have.
_REFUSALS = (InvalidRecordError, MessageSizeTooLargeError, RecordListTooLargeError)
# Their messages say what is to be done, and hold neither secrets nor records.
_EXPLAINED = (NotConnectedError, SecretUnavailableError)


class NotPublishedError(Exception):
    """The broker has not acknowledged the event, for the reason that the message gives.

    It may have the event all the same: publish it again later.
    """


class RefusedError(NotPublishedError):
    """The broker will never take the event, for the reason that the message gives."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Where the broker put the record."""

    topic: str
    partition: int
    offset: int


class KafkaPublisher:
    """Publishes to one topic over one producer, which it builds at need and drops after any failure.

    `connect` builds a producer within the seconds that it is given. A send has `budget` at most; after a failure,
    none is tried for `pause`. All times are in seconds.
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

    def warm(self) -> None:
        """Connect and learn the topic's partitions before the first event. Raises NotPublishedError."""
        producer = self._ready_producer(self._clock() + self._budget)
        try:
            producer.partitions_for(self._topic)
        except Exception as error:
            raise self._failed(error) from error

    def publish(self, message: Message, *, budget: float | None = None) -> Receipt:
        """Send `message` and wait for the acknowledgement, for `budget` at most.

        Raises NotPublishedError, and RefusedError if trying again is of no use.
        """
        [outcome] = self.publish_all([message], budget=budget)
        if isinstance(outcome, NotPublishedError):
            raise outcome
        return outcome

    def publish_all(
        self, messages: Sequence[Message], *, budget: float | None = None
    ) -> list[Receipt | NotPublishedError]:
        """Send all of them at once, and return what became of each, within `budget` together."""
        deadline = self._clock() + min(self._budget if budget is None else budget, self._budget)
        outcomes = self._publish_together(messages, deadline)
        if len(messages) == 1:
            return outcomes
        # kafka-python fails all that it has not sent yet with the error of the one record that was refused: who is
        # to blame shows only when each is sent alone.
        return [
            self._publish_together([message], deadline)[0] if isinstance(outcome, RefusedError) else outcome
            for message, outcome in zip(messages, outcomes, strict=True)
        ]

    def _publish_together(self, messages: Sequence[Message], deadline: float) -> list[Receipt | NotPublishedError]:
        try:
            producer = self._ready_producer(deadline)
        except NotPublishedError as error:
            return [error] * len(messages)
        sends = [self._send(producer, message, deadline) for message in messages]
        # All are awaited before a failure of one ends the producer that they share.
        outcomes = [self._outcome(send, deadline) for send in sends]
        return [self._failed(each) if isinstance(each, Exception) else each for each in outcomes]

    def _ready_producer(self, deadline: float) -> KafkaProducer:
        """The producer, in which nothing waits beyond `deadline`."""
        now = self._clock()
        if now < self._paused_until:
            raise NotPublishedError(f"Kafka failed less than {self._pause:.0f} s ago")
        if deadline - now < _LEAST_BUDGET:
            raise NotPublishedError("no time left to send it")
        if self._producer is None:
            try:
                self._producer = self._connect(deadline - now)
            except Exception as error:  # errors of sockets, TLS and botocore come through kafka-python, too
                raise self._failed(error) from error
        self._bound_waits(self._producer, deadline)
        return self._producer

    def _bound_waits(self, producer: KafkaProducer, deadline: float) -> None:
        # How long send() and partitions_for() wait for metadata: read anew at each of their calls.
        producer.config["max_block_ms"] = int(max(0.0, deadline - self._clock()) * 1000)

    def _send(self, producer: KafkaProducer, message: Message, deadline: float) -> FutureRecordMetadata | Exception:
        self._bound_waits(producer, deadline)
        try:
            return producer.send(
                self._topic, key=message.key.encode(), value=message.value, headers=list(message.headers)
            )
        except KafkaTimeoutError:
            return NotConnectedError(f"Kafka tells nothing of the topic {self._topic}: does it exist?")
        except Exception as error:  # noqa: BLE001 - it is the outcome of this message
            return error

    def _outcome(self, send: FutureRecordMetadata | Exception, deadline: float) -> Receipt | Exception:
        if isinstance(send, Exception):
            return send
        try:
            sent = send.get(timeout=max(0.0, deadline - self._clock()))
        except Exception as error:  # noqa: BLE001 - it is the outcome of this message
            return error
        return Receipt(topic=sent.topic, partition=sent.partition, offset=sent.offset)

    def _failed(self, error: Exception) -> NotPublishedError:
        """Drop the producer, start a pause unless the record is to blame, and say in words what happened."""
        self._drop_producer()
        # Of the others the type only: their messages could quote the record.
        reason = str(error) if isinstance(error, _EXPLAINED) else type(error).__name__
        if isinstance(error, _REFUSALS):
            return RefusedError(f"Kafka refuses it for good: {reason}")
        self._paused_until = self._clock() + self._pause
        return NotPublishedError(f"no acknowledgement from Kafka: {reason}")

    def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            producer.close(timeout=0)
        except KafkaTimeoutError:
            # close() flushes first and, with a record still under way, ends here: its thread would go on
            # sending, and its finaliser would flush once more, for a second.
            producer._sender.force_close()
            producer._closed = True


def producer_factory(*, servers: str, login: Login, budget: float = SEND_BUDGET) -> Callable[[float], KafkaProducer]:
    """How to connect to `servers` (host:port,…) for sends that have `budget` seconds each."""

    def connect(seconds: float) -> KafkaProducer:
        end = time.monotonic() + seconds
        way_to_log_in = login.settings()
        left_ms = int((end - time.monotonic()) * 1000)
        with explained():
            return KafkaProducer(
                bootstrap_servers=servers.split(","),
                client_id="order",
                acks="all",
                enable_idempotence=True,
                allow_auto_create_topics=False,
                bootstrap_timeout_ms=left_ms,
                max_block_ms=left_ms,
                delivery_timeout_ms=int(budget * 1000),
                # Half of it, so that a connection that died while the environment was frozen leaves time for
                # a second try over a new one.
                request_timeout_ms=int(budget * 1000 / 2),
                reconnect_backoff_max_ms=int(budget * 1000 / 4),
                socket_options=[
                    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
                    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
                ],
                **way_to_log_in,
            )

    return connect
