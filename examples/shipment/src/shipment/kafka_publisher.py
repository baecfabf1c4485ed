"""Kafka publisher: sends one record at a time, and waits a bounded time for the broker's acknowledgement."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kafka import KafkaProducer
from kafka.errors import KafkaTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Seconds that a send may take, the connection included.
BUDGET = 4.0
# Seconds without an attempt after a failure: the other records of a batch do not wait for a broker that is away, too.
PAUSE = 10.0

_HEADERS = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
_AUTHENTICATION: Mapping[str, Mapping[str, Any]] = {
    "iam": {"security_protocol": "SASL_SSL", "sasl_mechanism": "AWS_MSK_IAM"},
    "none": {"security_protocol": "PLAINTEXT"},
}


class NotPublishedError(Exception):
    """The broker did not acknowledge the record. It may have it all the same: publish it again later."""


class KafkaPublisher:
    """Publisher to one topic over one producer, which `connect` builds when needed, and which ends with a failure."""

    def __init__(self, *, topic: str, connect: Callable[[], KafkaProducer], pause: float = PAUSE) -> None:
        self._topic = topic
        self._connect = connect
        self._pause = pause
        self._paused_until = 0.0
        self._producer: KafkaProducer | None = None

    def publish(self, *, key: str, value: str) -> None:
        """Send a record and wait for its acknowledgement. Raises NotPublishedError."""
        if time.monotonic() < self._paused_until:
            raise NotPublishedError(f"Kafka failed less than {self._pause:.0f} s ago")
        try:
            self._producer = self._producer or self._connect()
            sent = self._producer.send(self._topic, key=key.encode(), value=value.encode(), headers=_HEADERS)
            sent.get(timeout=BUDGET)
        except Exception as error:  # errors of sockets, TLS and botocore come through kafka-python, too
            self._paused_until = time.monotonic() + self._pause
            self._drop_producer()
            # The type alone: the message could quote the record.
            raise NotPublishedError(f"no acknowledgement from Kafka: {type(error).__name__}") from error

    def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer:
            with suppress(KafkaTimeoutError):  # a record is in flight: at worst, it arrives twice
                producer.close(timeout=0)


def producer_factory(environment: Mapping[str, str]) -> Callable[[], KafkaProducer]:
    """Return a function that connects to the brokers which the environment names."""
    servers = environment["KAFKA_BOOTSTRAP_SERVERS"].split(",")
    authentication = _AUTHENTICATION[environment["KAFKA_AUTHENTICATION"]]
    budget_ms = int(BUDGET * 1000)

    def connect() -> KafkaProducer:
        return KafkaProducer(
            bootstrap_servers=servers,
            client_id=environment["POWERTOOLS_SERVICE_NAME"],
            acks="all",
            enable_idempotence=True,
            allow_auto_create_topics=False,
            bootstrap_timeout_ms=budget_ms,
            max_block_ms=budget_ms,
            delivery_timeout_ms=budget_ms,
            # Half of it: a connection may have died while Lambda froze the environment; then a second attempt has time.
            request_timeout_ms=budget_ms // 2,
            **authentication,
        )

    return connect
