"""The publisher against a hand-written producer and clock: what it sends, and that it never hangs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from kafka import KafkaProducer
from kafka.errors import (
    InvalidRecordError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)

from functions.order import publisher as module
from functions.order.authentication import login
from functions.order.events import Message
from functions.order.publisher import (
    KafkaPublisher,
    NotPublishedError,
    Receipt,
    RefusedError,
    producer_factory,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGE = Message(event_type="order.paid.v1", key="ord_1", value=b"{}")


class FakeClock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


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

    clock: FakeClock
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
    """What a PickyProducer hands out for a record."""

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

    clock: FakeClock
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


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def publisher_of(kafka: FakeKafka) -> KafkaPublisher:
    return KafkaPublisher(topic="order-events", connect=kafka.connect, clock=kafka.clock)


def test_a_message_goes_to_the_topic_and_its_place_comes_back(clock: FakeClock) -> None:
    producer = FakeProducer(clock)
    receipt = publisher_of(FakeKafka(clock, [producer])).publish(MESSAGE)
    assert receipt == Receipt(topic="order-events", partition=3, offset=42)
    content_type = ("content-type", b"application/cloudevents+json; charset=UTF-8")
    assert producer.records == [("order-events", b"ord_1", b"{}", [content_type])]


def test_the_producer_is_kept_while_it_works(clock: FakeClock) -> None:
    kafka = FakeKafka(clock, [FakeProducer(clock)])
    publisher = publisher_of(kafka)
    publisher.publish(MESSAGE)
    publisher.publish(MESSAGE)
    assert len(kafka.connected_within) == 1


def test_a_quick_broker_is_not_waited_for(clock: FakeClock) -> None:
    publisher_of(FakeKafka(clock, [FakeProducer(clock)])).publish(MESSAGE)
    assert clock.now == FakeClock.now


@pytest.mark.parametrize("budget", [0.5, 2.0, 60.0])
def test_a_slow_broker_is_waited_for_within_the_budget_only(clock: FakeClock, budget: float) -> None:
    producer = FakeProducer(clock, takes=100.0)
    with pytest.raises(NotPublishedError, match="KafkaTimeoutError"):
        publisher_of(FakeKafka(clock, [producer])).publish(MESSAGE, budget=budget)
    assert clock.now - FakeClock.now == pytest.approx(min(budget, 2.0))
    assert producer.closed_with == [0]


def test_connecting_metadata_and_delivery_share_one_budget(clock: FakeClock) -> None:
    producer = FakeProducer(clock, takes=100.0)
    kafka = FakeKafka(clock, [producer], connect_takes=1.5)
    with pytest.raises(NotPublishedError):
        publisher_of(kafka).publish(MESSAGE)
    assert kafka.connected_within == [2.0]
    assert producer.config["max_block_ms"] == pytest.approx(500)
    assert clock.now - FakeClock.now == pytest.approx(2.0)


@pytest.mark.parametrize(
    "error", [KafkaTimeoutError("bootstrap"), OSError("unreachable"), AttributeError("no credentials")]
)
def test_a_broker_that_is_away_is_left_alone_for_ten_seconds(clock: FakeClock, error: Exception) -> None:
    kafka = FakeKafka(clock, [FakeProducer(clock), FakeProducer(clock)], error=error)
    publisher = publisher_of(kafka)
    with pytest.raises(NotPublishedError, match=type(error).__name__):
        publisher.publish(MESSAGE)

    kafka.error = None
    clock.now += 9.9
    with pytest.raises(NotPublishedError, match="failed less than 10 s ago"):
        publisher.publish(MESSAGE)
    assert len(kafka.connected_within) == 1

    clock.now += 0.2
    assert publisher.publish(MESSAGE).offset == 42


def test_after_a_refusal_a_new_producer_is_built(clock: FakeClock) -> None:
    refused = FakeProducer(clock, error=TopicAuthorizationFailedError())
    fresh = FakeProducer(clock)
    publisher = publisher_of(FakeKafka(clock, [refused, fresh]))
    with pytest.raises(NotPublishedError, match="TopicAuthorizationFailedError"):
        publisher.publish(MESSAGE)
    clock.now += 10
    publisher.publish(MESSAGE)
    assert refused.closed_with == [0]
    assert len(fresh.records) == 1


def test_the_reason_quotes_nothing_of_the_record(clock: FakeClock) -> None:
    producer = FakeProducer(clock, error=ValueError("ada@example.com"))
    with pytest.raises(NotPublishedError) as raised:
        publisher_of(FakeKafka(clock, [producer])).publish(MESSAGE)
    assert "ada" not in str(raised.value)


def test_a_producer_that_cannot_flush_is_stopped_all_the_same(clock: FakeClock) -> None:
    producer = FakeProducer(clock, takes=100.0, close_error=KafkaTimeoutError("flush"))
    with pytest.raises(NotPublishedError):
        publisher_of(FakeKafka(clock, [producer])).publish(MESSAGE)
    assert producer._sender.forced
    assert producer._closed


def test_the_private_parts_by_which_a_producer_is_stopped_exist() -> None:
    """Kafka-python's own; its version is pinned, and a new one may have others."""
    producer = KafkaProducer(api_version=(4, 0), enable_idempotence=False)  # connects to nothing until it sends
    assert producer._closed is False
    producer._sender.force_close()
    producer._sender.join(5)
    assert not producer._sender.is_alive()
    producer._closed = True
    producer.close()  # has nothing left to do


def test_without_time_left_nothing_is_tried_and_nothing_is_held_against_the_broker(clock: FakeClock) -> None:
    kafka = FakeKafka(clock, [FakeProducer(clock)])
    publisher = publisher_of(kafka)
    with pytest.raises(NotPublishedError, match="no time left"):
        publisher.publish(MESSAGE, budget=-1.0)
    assert kafka.connected_within == []
    assert publisher.publish(MESSAGE).offset == 42


def test_warming_up_leaves_the_first_message_nothing_to_connect(clock: FakeClock) -> None:
    kafka = FakeKafka(clock, [FakeProducer(clock)], connect_takes=1.0)
    publisher = publisher_of(kafka)
    publisher.warm()
    warmed_at = clock.now
    publisher.publish(MESSAGE)
    assert clock.now == warmed_at


def test_warming_up_without_a_broker_fails_within_the_budget_and_pauses(clock: FakeClock) -> None:
    kafka = FakeKafka(clock, [], connect_takes=2.0, error=KafkaTimeoutError("bootstrap"))
    publisher = publisher_of(kafka)
    with pytest.raises(NotPublishedError):
        publisher.warm()
    assert clock.now - FakeClock.now <= 2.0
    with pytest.raises(NotPublishedError, match="failed less than"):
        publisher.publish(MESSAGE)


@pytest.mark.parametrize("error", [MessageSizeTooLargeError(), RecordListTooLargeError(), InvalidRecordError()])
def test_what_the_broker_refuses_for_good_is_not_held_against_it(clock: FakeClock, error: Exception) -> None:
    refusing = FakeProducer(clock, error=error)
    publisher = publisher_of(FakeKafka(clock, [refusing, FakeProducer(clock)]))
    with pytest.raises(RefusedError, match=type(error).__name__):
        publisher.publish(MESSAGE)
    # A new producer all the same: the old one may have lost count of what it sent.
    assert refusing.closed_with == [0]
    assert publisher.publish(MESSAGE).offset == 42


def test_several_messages_are_under_way_at_once_and_each_has_its_outcome(clock: FakeClock) -> None:
    producer, fresh = (PickyProducer(clock, refuses=b"poison") for _ in range(2))
    messages = [replace(MESSAGE, value=value) for value in (b"1", b"poison", b"3")]
    first, refused, last = publisher_of(FakeKafka(clock, [producer, fresh])).publish_all(messages)
    assert isinstance(first, Receipt)
    assert isinstance(refused, RefusedError)
    assert isinstance(last, Receipt)
    assert producer.log == ["send", "send", "send", "get", "get", "get", "close"]
    assert [value for _, _, value, _ in fresh.records] == [b"poison"], "refused for good only when it was alone"


def test_a_refusal_is_not_held_against_what_was_sent_with_it(clock: FakeClock) -> None:
    together = FakeProducer(clock, error=MessageSizeTooLargeError())  # kafka-python fails them all with it
    later = [PickyProducer(clock, refuses=b"poison") for _ in range(2)]
    messages = [replace(MESSAGE, value=value) for value in (b"1", b"poison", b"3")]
    outcomes = publisher_of(FakeKafka(clock, [together, *later])).publish_all(messages)
    assert [type(outcome) for outcome in outcomes] == [Receipt, RefusedError, Receipt]
    assert [[value for _, _, value, _ in producer.records] for producer in later] == [[b"1", b"poison"], [b"3"]]


def test_without_time_to_send_it_alone_nothing_is_refused_for_good(clock: FakeClock) -> None:
    together = FakeProducer(clock, takes=0.95, error=MessageSizeTooLargeError())
    outcomes = publisher_of(FakeKafka(clock, [together])).publish_all([MESSAGE] * 2)
    assert [str(outcome) for outcome in outcomes] == ["no time left to send it"] * 2
    assert {type(outcome) for outcome in outcomes} == {NotPublishedError}


def test_several_messages_share_one_budget(clock: FakeClock) -> None:
    producer = FakeProducer(clock, takes=100.0)
    outcomes = publisher_of(FakeKafka(clock, [producer])).publish_all([MESSAGE] * 5)
    assert {type(outcome) for outcome in outcomes} == {NotPublishedError}
    assert clock.now - FakeClock.now == pytest.approx(2.0)


def test_a_publisher_may_have_more_time_and_no_pause(clock: FakeClock) -> None:
    kafka = FakeKafka(clock, [FakeProducer(clock, takes=100.0), FakeProducer(clock)])
    publisher = KafkaPublisher(topic="order-events", connect=kafka.connect, budget=8.0, pause=0, clock=clock)
    with pytest.raises(NotPublishedError):
        publisher.publish(MESSAGE)
    assert clock.now - FakeClock.now == pytest.approx(8.0)
    assert publisher.publish(MESSAGE).offset == 42


@pytest.fixture
def settings_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """The settings that kafka-python would be given."""

    def build(authentication: str = "none", **options: Any) -> dict[str, Any]:
        monkeypatch.setattr(module, "KafkaProducer", dict)
        way = login(authentication, client=no_secrets)
        connect = producer_factory(servers="a.example:9098,b.example:9098", login=way, **options)
        settings: dict[str, Any] = connect(1.5)
        return settings

    return build


def no_secrets() -> Any:
    """Make no client: these ways to log in have no secrets."""
    raise AssertionError("there are no secrets to read")


@pytest.mark.parametrize("authentication", ["none", "tls", "iam"])
def test_the_producer_logs_in_as_it_was_told(settings_of: Callable[..., dict[str, Any]], authentication: str) -> None:
    settings = settings_of(authentication)
    assert login(authentication, client=no_secrets).settings().items() <= settings.items()
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
