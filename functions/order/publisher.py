"""Kafka, with a bound on every wait: an order must not hang on a broker."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka import KafkaProducer
from kafka.errors import KafkaTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from functions.order.events import Message

SEND_BUDGET = 2.0
PAUSE_AFTER_FAILURE = 10.0

_LEAST_BUDGET = 0.1
_SECURITY = {
    "none": {"security_protocol": "PLAINTEXT"},
    "iam": {"security_protocol": "SASL_SSL", "sasl_mechanism": "AWS_MSK_IAM"},
}


class UnknownAuthenticationError(Exception):
    """KAFKA_AUTHENTICATION names no way to log in that we know."""


class NotPublishedError(Exception):
    """The broker has not acknowledged the event, for the reason that the message gives.

    It may have the event all the same: publish it again later.
    """


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Where the broker put the record."""

    topic: str
    partition: int
    offset: int


class KafkaPublisher:
    """Publishes to one topic over one producer, which it builds at need and drops after any failure.

    `connect` builds a producer within the seconds that it is given. All times are in seconds.
    """

    def __init__(
        self,
        *,
        topic: str,
        connect: Callable[[float], KafkaProducer],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._topic = topic
        self._connect = connect
        self._clock = clock
        self._producer: KafkaProducer | None = None
        self._paused_until = 0.0

    def warm(self) -> None:
        """Connect and learn the topic's partitions before the first event. Raises NotPublishedError."""
        with self._producer_until(self._clock() + SEND_BUDGET) as producer:
            producer.partitions_for(self._topic)

    def publish(self, message: Message, *, budget: float = SEND_BUDGET) -> Receipt:
        """Send `message` and wait for the acknowledgement, for `budget` at most.

        Raises NotPublishedError.
        """
        deadline = self._clock() + min(budget, SEND_BUDGET)
        with self._producer_until(deadline) as producer:
            future = producer.send(
                self._topic, key=message.key.encode(), value=message.value, headers=list(message.headers)
            )
            sent = future.get(timeout=max(0.0, deadline - self._clock()))
        return Receipt(topic=sent.topic, partition=sent.partition, offset=sent.offset)

    @contextmanager
    def _producer_until(self, deadline: float) -> Iterator[KafkaProducer]:
        """The producer, with no wait in it beyond `deadline`; a failure drops it and starts a pause."""
        now = self._clock()
        if now < self._paused_until:
            raise NotPublishedError(f"Kafka failed less than {PAUSE_AFTER_FAILURE:.0f} s ago")
        if deadline - now < _LEAST_BUDGET:
            raise NotPublishedError("no time left to send it")
        try:
            if self._producer is None:
                self._producer = self._connect(deadline - now)
            # How long send() and partitions_for() wait for metadata: read anew at each of their calls.
            self._producer.config["max_block_ms"] = int(max(0.0, deadline - self._clock()) * 1000)
            yield self._producer
        except Exception as error:  # errors of sockets, TLS and botocore come through kafka-python, too
            self._drop_producer()
            self._paused_until = self._clock() + PAUSE_AFTER_FAILURE
            # The type only: a message could quote the record.
            raise NotPublishedError(f"no acknowledgement from Kafka: {type(error).__name__}") from error

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


def producer_factory(*, servers: str, authentication: str) -> Callable[[float], KafkaProducer]:
    """How to connect to `servers` (host:port,…), logging in by `authentication`: `iam` or `none`.

    Raises UnknownAuthenticationError.
    """
    if authentication not in _SECURITY:
        known = " or ".join(sorted(_SECURITY))
        raise UnknownAuthenticationError(f"KAFKA_AUTHENTICATION is {authentication!r}: set it to {known}.")

    def connect(seconds: float) -> KafkaProducer:
        return KafkaProducer(
            bootstrap_servers=servers.split(","),
            client_id="order",
            acks="all",
            enable_idempotence=True,
            allow_auto_create_topics=False,
            bootstrap_timeout_ms=int(seconds * 1000),
            max_block_ms=int(seconds * 1000),
            delivery_timeout_ms=int(SEND_BUDGET * 1000),
            # Half of it, so that a connection that died while the environment was frozen leaves time for
            # a second try over a new one.
            request_timeout_ms=int(SEND_BUDGET * 1000 / 2),
            reconnect_backoff_max_ms=int(SEND_BUDGET * 1000 / 4),
            socket_options=[
                (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
                (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
            ],
            **_SECURITY[authentication],
        )

    return connect
