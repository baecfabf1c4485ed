"""Kafka publisher: one producer as long as it works, and no wait for a broker that is away."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError

from reward import kafka_publisher
from reward.kafka_publisher import KafkaPublisher, NotPublishedError, producer_factory


@dataclass
class FakeProducer:
    """Acknowledges each record, or fails with `error`; `close_error` is that of its end."""

    error: Exception | None = None
    close_error: Exception | None = None
    records: list[tuple[str, bytes, bytes, Any]] = field(default_factory=list)
    closed: bool = False

    def send(self, topic: str, *, key: bytes, value: bytes, headers: Any) -> FakeProducer:
        self.records.append((topic, key, value, headers))
        return self

    def get(self, timeout: float) -> None:
        assert timeout == kafka_publisher.BUDGET
        if self.error:
            raise self.error

    def close(self, timeout: float) -> None:
        assert timeout == 0
        self.closed = True
        if self.close_error:
            raise self.close_error


@dataclass
class Connections:
    """Producers that a publisher gets, one after the other."""

    producers: list[FakeProducer]
    made: int = 0

    def __call__(self) -> FakeProducer:
        self.made += 1
        return self.producers[self.made - 1]


def test_records_go_to_the_topic_over_one_producer() -> None:
    connections = Connections([FakeProducer()])
    publisher = KafkaPublisher(topic="reward-events", connect=connections)
    publisher.publish(key="ord_1", value='{"é": 1}')
    publisher.publish(key="ord_2", value="{}")
    headers = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
    assert connections.producers[0].records == [
        ("reward-events", b"ord_1", '{"é": 1}'.encode(), headers),
        ("reward-events", b"ord_2", b"{}", headers),
    ]
    assert connections.made == 1


@pytest.mark.parametrize("close_error", [None, KafkaTimeoutError("a record is in flight")])
def test_a_producer_that_failed_is_replaced(close_error: Exception | None) -> None:
    failing = FakeProducer(error=KafkaTimeoutError("ada@example.com"), close_error=close_error)
    connections = Connections([failing, FakeProducer()])
    publisher = KafkaPublisher(topic="reward-events", connect=connections, pause=0)
    with pytest.raises(NotPublishedError) as error:
        publisher.publish(key="ord_1", value="{}")
    assert str(error.value) == "no acknowledgement from Kafka: KafkaTimeoutError"
    assert failing.closed
    publisher.publish(key="ord_1", value="{}")
    assert len(connections.producers[1].records) == 1


def test_a_failure_starts_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    connections = Connections([FakeProducer(error=OSError()), FakeProducer()])
    publisher = KafkaPublisher(topic="reward-events", connect=connections, pause=10)
    with pytest.raises(NotPublishedError):
        publisher.publish(key="ord_1", value="{}")
    now += 9
    with pytest.raises(NotPublishedError, match="less than 10 s ago"):
        publisher.publish(key="ord_2", value="{}")
    assert connections.made == 1
    now += 1
    publisher.publish(key="ord_3", value="{}")
    assert connections.made == 2


def test_brokers_that_do_not_answer_are_an_error_of_the_publisher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_publisher, "BUDGET", 0.2)
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "KAFKA_AUTHENTICATION": "none",
        "POWERTOOLS_SERVICE_NAME": "reward",
    }
    publisher = KafkaPublisher(topic="reward-events", connect=producer_factory(environment))
    with pytest.raises(NotPublishedError, match="no acknowledgement from Kafka: Kafka"):
        publisher.publish(key="ord_1", value="{}")


def test_a_method_that_the_template_does_not_offer_fails_at_the_start() -> None:
    with pytest.raises(KeyError, match="scram"):
        producer_factory({"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "KAFKA_AUTHENTICATION": "scram"})
