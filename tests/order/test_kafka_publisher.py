"""Kafka publisher with a hand-written producer and clock: what it sends, and that it never hangs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaProducer
from kafka.errors import (
    InvalidRecordError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)

from functions.order.domain.events import ProducerRecord
from functions.order.producer import kafka_publisher as module
from functions.order.producer.authentication import authentication_by
from functions.order.producer.kafka_publisher import (
    EventRefusedError,
    KafkaPublisher,
    NotPublishedError,
    RecordMetadata,
    producer_factory,
)
from tests.order.fakes import FakeEpochClock
from tests.order.kafka_fakes import FakeKafka, FakeProducer, PickyProducer

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.order.settings import AuthenticationMethod

STARTED = 1000.0
RECORD = ProducerRecord(event_type="order.paid.v1", key="ord_1", value=b"{}")


@pytest.fixture
def clock() -> FakeEpochClock:
    return FakeEpochClock(now=STARTED)


def publisher_of(kafka: FakeKafka) -> KafkaPublisher:
    return KafkaPublisher(topic="order-events", connect=kafka.connect, clock=kafka.clock)


def test_publisher_sends_to_the_topic_and_returns_the_records_place(clock: FakeEpochClock) -> None:
    producer = FakeProducer(clock)
    metadata = publisher_of(FakeKafka(clock, [producer])).publish(RECORD)
    assert metadata == RecordMetadata(topic="order-events", partition=3, offset=42)
    content_type = ("content-type", b"application/cloudevents+json; charset=UTF-8")
    assert producer.records == [("order-events", b"ord_1", b"{}", [content_type])]


def test_the_producer_is_kept_while_it_works(clock: FakeEpochClock) -> None:
    kafka = FakeKafka(clock, [FakeProducer(clock)])
    publisher = publisher_of(kafka)
    publisher.publish(RECORD)
    publisher.publish(RECORD)
    assert len(kafka.connected_within) == 1


def test_publisher_does_not_wait_for_a_quick_broker(clock: FakeEpochClock) -> None:
    publisher_of(FakeKafka(clock, [FakeProducer(clock)])).publish(RECORD)
    assert clock.now == STARTED


@pytest.mark.parametrize("budget", [0.5, 2.0, 60.0])
def test_publisher_waits_for_a_slow_broker_within_the_budget_only(clock: FakeEpochClock, budget: float) -> None:
    producer = FakeProducer(clock, takes=100.0)
    with pytest.raises(NotPublishedError, match="KafkaTimeoutError"):
        publisher_of(FakeKafka(clock, [producer])).publish(RECORD, budget=budget)
    assert clock.now - STARTED == pytest.approx(min(budget, 2.0))
    assert producer.closed_with == [0]


def test_connecting_metadata_and_delivery_share_one_budget(clock: FakeEpochClock) -> None:
    producer = FakeProducer(clock, takes=100.0)
    kafka = FakeKafka(clock, [producer], connect_takes=1.5)
    with pytest.raises(NotPublishedError):
        publisher_of(kafka).publish(RECORD)
    assert kafka.connected_within == [2.0]
    assert producer.config["max_block_ms"] == pytest.approx(500)
    assert clock.now - STARTED == pytest.approx(2.0)


@pytest.mark.parametrize(
    "error", [KafkaTimeoutError("bootstrap"), OSError("unreachable"), AttributeError("no credentials")]
)
def test_a_broker_that_is_away_is_left_alone_for_ten_seconds(clock: FakeEpochClock, error: Exception) -> None:
    kafka = FakeKafka(clock, [FakeProducer(clock), FakeProducer(clock)], error=error)
    publisher = publisher_of(kafka)
    with pytest.raises(NotPublishedError, match=type(error).__name__):
        publisher.publish(RECORD)

    kafka.error = None
    clock.now += 9.9
    with pytest.raises(NotPublishedError, match="failed less than 10 s ago"):
        publisher.publish(RECORD)
    assert len(kafka.connected_within) == 1

    clock.now += 0.2
    assert publisher.publish(RECORD).offset == 42


def test_a_new_producer_is_built_after_a_refusal(clock: FakeEpochClock) -> None:
    refused = FakeProducer(clock, error=TopicAuthorizationFailedError())
    fresh = FakeProducer(clock)
    publisher = publisher_of(FakeKafka(clock, [refused, fresh]))
    with pytest.raises(NotPublishedError, match="TopicAuthorizationFailedError"):
        publisher.publish(RECORD)
    clock.now += 10
    publisher.publish(RECORD)
    assert refused.closed_with == [0]
    assert len(fresh.records) == 1


def test_the_reason_quotes_nothing_of_the_record(clock: FakeEpochClock) -> None:
    producer = FakeProducer(clock, error=ValueError("ada@example.com"))
    with pytest.raises(NotPublishedError) as raised:
        publisher_of(FakeKafka(clock, [producer])).publish(RECORD)
    assert "ada" not in str(raised.value)


def test_a_producer_that_cannot_flush_is_stopped_too(clock: FakeEpochClock) -> None:
    producer = FakeProducer(clock, takes=100.0, close_error=KafkaTimeoutError("flush"))
    with pytest.raises(NotPublishedError):
        publisher_of(FakeKafka(clock, [producer])).publish(RECORD)
    assert producer._sender.forced
    assert producer._closed


def test_the_private_attributes_that_stop_a_producer_exist() -> None:
    """They are kafka-python's own. Its version is pinned; a new version may have others."""
    producer = KafkaProducer(api_version=(4, 0), enable_idempotence=False)  # it connects when it sends, and not before
    assert producer._closed is False
    producer._sender.force_close()
    producer._sender.join(5)
    assert not producer._sender.is_alive()
    producer._closed = True
    producer.close()  # has nothing left to do


def test_publisher_attempts_nothing_without_time_left_and_does_not_pause(clock: FakeEpochClock) -> None:
    kafka = FakeKafka(clock, [FakeProducer(clock)])
    publisher = publisher_of(kafka)
    with pytest.raises(NotPublishedError, match="no time left"):
        publisher.publish(RECORD, budget=-1.0)
    assert kafka.connected_within == []
    assert publisher.publish(RECORD).offset == 42


def test_warming_up_leaves_the_first_message_nothing_to_connect(clock: FakeEpochClock) -> None:
    kafka = FakeKafka(clock, [FakeProducer(clock)], connect_takes=1.0)
    publisher = publisher_of(kafka)
    publisher.warm_up()
    warmed_at = clock.now
    publisher.publish(RECORD)
    assert clock.now == warmed_at


def test_warming_up_without_a_broker_fails_within_the_budget_and_pauses(clock: FakeEpochClock) -> None:
    kafka = FakeKafka(clock, [], connect_takes=2.0, error=KafkaTimeoutError("bootstrap"))
    publisher = publisher_of(kafka)
    with pytest.raises(NotPublishedError):
        publisher.warm_up()
    assert clock.now - STARTED <= 2.0
    with pytest.raises(NotPublishedError, match="failed less than"):
        publisher.publish(RECORD)


@pytest.mark.parametrize("error", [MessageSizeTooLargeError(), RecordListTooLargeError(), InvalidRecordError()])
def test_a_refusal_for_good_causes_no_pause(clock: FakeEpochClock, error: Exception) -> None:
    refusing = FakeProducer(clock, error=error)
    publisher = publisher_of(FakeKafka(clock, [refusing, FakeProducer(clock)]))
    with pytest.raises(EventRefusedError, match=type(error).__name__):
        publisher.publish(RECORD)
    # The publisher builds a new producer: the old one may have lost count of its records.
    assert refusing.closed_with == [0]
    assert publisher.publish(RECORD).offset == 42


def test_several_records_are_in_flight_at_once_and_each_has_its_result(clock: FakeEpochClock) -> None:
    producer, fresh = (PickyProducer(clock, refuses=b"poison") for _ in range(2))
    records = [replace(RECORD, value=value) for value in (b"1", b"poison", b"3")]
    first, refused, last = publisher_of(FakeKafka(clock, [producer, fresh])).publish_all(records)
    assert isinstance(first, RecordMetadata)
    assert isinstance(refused, EventRefusedError)
    assert isinstance(last, RecordMetadata)
    assert producer.log == ["send", "send", "send", "get", "get", "get", "close"]
    assert [value for _, _, value, _ in fresh.records] == [b"poison"], "rejected only when it was alone"


def test_a_refusal_does_not_fail_the_messages_sent_with_it(clock: FakeEpochClock) -> None:
    together = FakeProducer(clock, error=MessageSizeTooLargeError())  # kafka-python fails all of them with this error
    later = [PickyProducer(clock, refuses=b"poison") for _ in range(2)]
    records = [replace(RECORD, value=value) for value in (b"1", b"poison", b"3")]
    results = publisher_of(FakeKafka(clock, [together, *later])).publish_all(records)
    assert [type(result) for result in results] == [RecordMetadata, EventRefusedError, RecordMetadata]
    assert [[value for _, _, value, _ in producer.records] for producer in later] == [[b"1", b"poison"], [b"3"]]


def test_no_record_is_refused_for_good_without_time_to_send_it_alone(clock: FakeEpochClock) -> None:
    together = FakeProducer(clock, takes=0.95, error=MessageSizeTooLargeError())
    results = publisher_of(FakeKafka(clock, [together])).publish_all([RECORD] * 2)
    assert [str(result) for result in results] == ["no time left to send it"] * 2
    assert {type(result) for result in results} == {NotPublishedError}


def test_several_messages_share_one_budget(clock: FakeEpochClock) -> None:
    producer = FakeProducer(clock, takes=100.0)
    results = publisher_of(FakeKafka(clock, [producer])).publish_all([RECORD] * 5)
    assert {type(result) for result in results} == {NotPublishedError}
    assert clock.now - STARTED == pytest.approx(2.0)


def test_a_publisher_may_have_more_time_and_no_pause(clock: FakeEpochClock) -> None:
    kafka = FakeKafka(clock, [FakeProducer(clock, takes=100.0), FakeProducer(clock)])
    publisher = KafkaPublisher(topic="order-events", connect=kafka.connect, budget=8.0, pause=0, clock=clock)
    with pytest.raises(NotPublishedError):
        publisher.publish(RECORD)
    assert clock.now - STARTED == pytest.approx(8.0)
    assert publisher.publish(RECORD).offset == 42


@pytest.fixture
def settings_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Return a function that gives the settings for kafka-python."""

    def build(method: AuthenticationMethod = "none", **options: Any) -> dict[str, Any]:
        monkeypatch.setattr(module, "KafkaProducer", dict)
        authentication = authentication_by(method, client=no_secrets)
        servers = "a.example:9098,b.example:9098"
        connect = producer_factory(servers=servers, authentication=authentication, **options)
        settings: dict[str, Any] = connect(1.5)
        return settings

    return build


def no_secrets() -> Any:
    """Make no client: these methods have no secrets."""
    raise AssertionError("there are no secrets to read")


@pytest.mark.parametrize("method", ["none", "tls", "iam"])
def test_the_producer_authenticates_by_its_method(
    settings_of: Callable[..., dict[str, Any]], method: AuthenticationMethod
) -> None:
    settings = settings_of(method)
    assert authentication_by(method, client=no_secrets).producer_settings().items() <= settings.items()
    assert settings["bootstrap_servers"] == ["a.example:9098", "b.example:9098"]


def test_the_settings_are_safe_and_bounded(settings_of: Callable[..., dict[str, Any]]) -> None:
    settings = settings_of("iam")
    assert settings.keys() <= KafkaProducer.DEFAULT_CONFIG.keys()
    effective = {**KafkaProducer.DEFAULT_CONFIG, **settings}
    assert effective["acks"] == "all"
    assert effective["enable_idempotence"]
    assert effective["retries"] > 0
    assert effective["linger_ms"] == 0
    assert 0 < effective["bootstrap_timeout_ms"] == effective["max_block_ms"] <= 1500
    assert effective["request_timeout_ms"] < effective["delivery_timeout_ms"] == 2000
    assert effective["reconnect_backoff_max_ms"] < 2000


def test_the_settings_follow_the_budget(settings_of: Callable[..., dict[str, Any]]) -> None:
    settings = settings_of(budget=8.0)
    assert settings["request_timeout_ms"] < settings["delivery_timeout_ms"] == 8000
