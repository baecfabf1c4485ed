"""Fakes of kafka-python's producer: they record what the publisher sends, and answer as a test says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka.errors import KafkaTimeoutError, MessageSizeTooLargeError

if TYPE_CHECKING:
    from tests.order.fakes import FakeEpochClock


class Sent(NamedTuple):
    topic: str
    partition: int = 3
    offset: int = 42


class FakeSender:
    forced = False

    def force_close(self) -> None:
        self.forced = True


@dataclass
class FakeProducer:
    """Answers at once, or after `takes` seconds, or with `error`."""

    clock: FakeEpochClock
    takes: float = 0.0
    error: Exception | None = None
    close_error: Exception | None = None
    config: dict[str, Any] = field(default_factory=dict)
    records: list[tuple[str, bytes, bytes, list[tuple[str, bytes]]]] = field(default_factory=list)
    closed_with: list[float] = field(default_factory=list)
    _sender: FakeSender = field(default_factory=FakeSender)
    _closed: bool = False

    def send(self, topic: str, *, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> FakeProducer:
        self.records.append((topic, key, value, headers))
        return self

    def get(self, timeout: float) -> Sent:
        self.clock.now += min(self.takes, timeout)
        if self.takes > timeout:
            raise KafkaTimeoutError(f"Timeout after waiting for {timeout} secs.")
        if self.error:
            raise self.error
        return Sent(topic=self.records[-1][0])

    def partitions_for(self, topic: str) -> set[int]:
        if self.error:
            raise self.error
        return {0, 1}

    def close(self, timeout: float) -> None:
        self.closed_with.append(timeout)
        if self.close_error:
            raise self.close_error
        self._closed = True


@dataclass
class PickyProducer(FakeProducer):
    """Refuses records with the value `refuses`, and logs in which order it was called."""

    refuses: bytes = b""
    log: list[str] = field(default_factory=list)

    def send(self, topic: str, *, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> Any:
        self.log.append("send")
        super().send(topic, key=key, value=value, headers=headers)
        return PickyFuture(self, MessageSizeTooLargeError() if value == self.refuses else None)

    def close(self, timeout: float) -> None:
        self.log.append("close")
        super().close(timeout)


@dataclass
class PickyFuture:
    """Future of a PickyProducer's record."""

    producer: PickyProducer
    error: Exception | None

    def get(self, timeout: float) -> Sent:
        self.producer.log.append("get")
        if self.error:
            raise self.error
        return Sent(topic="order-events")


@dataclass
class FakeKafka:
    """Hands out producers in turn; connecting takes `connect_takes` seconds or fails with `error`."""

    clock: FakeEpochClock
    producers: list[FakeProducer]
    connect_takes: float = 0.0
    error: Exception | None = None
    connected_within: list[float] = field(default_factory=list)

    def connect(self, seconds: float) -> FakeProducer:
        self.connected_within.append(seconds)
        self.clock.now += self.connect_takes
        if self.error:
            raise self.error
        return self.producers[len(self.connected_within) - 1]
