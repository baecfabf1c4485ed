"""The broker and the proxy that other tests hurt do what they say."""

import time
import uuid
from collections.abc import Callable, Iterator

import psutil
import pytest
from kafka import KafkaProducer
from kafka.errors import KafkaTimeoutError, MessageSizeTooLargeError

from samrun.administration.offset_choice import EARLIEST
from samrun.administration.partition_offsets import chosen_offsets
from samrun.mapping.records import TopicPartition
from samrun.mapping.topic_reader import TopicReader
from samrun.services.kafka import KafkaUnreachableError, admin_client, check
from samrun.testing.broker import Broker, Record
from samrun.testing.proxy import Proxy
from samrun.testing.waiting import eventually

pytestmark = [
    pytest.mark.xdist_group("shared-broker"),
    pytest.mark.usefixtures("sockets_collected"),
    pytest.mark.filterwarnings("ignore:unclosed <(socket|ssl):ResourceWarning"),
]

# Seconds in which a working broker answers, and in which one that does not is given up.
ANSWER, SILENCE = 30, 1
HOUR = 3_600_000  # milliseconds


@pytest.fixture
def topic(broker: Broker) -> str:
    name = f"topic-{uuid.uuid4().hex[:8]}"
    broker.create_topic(name)
    return name


@pytest.fixture
def proxy(broker: Broker) -> Iterator[Proxy]:
    with broker.proxy() as proxy:
        yield proxy


@pytest.fixture
def producer() -> Iterator[Callable[[str], KafkaProducer]]:
    """Builds producers, and ends them without a flush."""
    built: list[KafkaProducer] = []

    def build(bootstrap: str) -> KafkaProducer:
        built.append(KafkaProducer(bootstrap_servers=bootstrap))
        return built[-1]

    yield build
    for each in built:
        each._sender.force_close()
        each._sender.join()
        each._closed = True


def send(producer: KafkaProducer, topic: str, value: bytes, *, within: float = ANSWER) -> None:
    producer.send(topic, value).get(timeout=within)


def values(broker: Broker, topic: str) -> list[bytes | None]:
    return [record.value for record in broker.records(topic)]


def test_a_topic_is_read_to_its_end(broker: Broker, producer: Callable[[str], KafkaProducer]) -> None:
    broker.create_topic("two-partitions", partitions=2)
    assert broker.records("two-partitions") == []
    client = producer(broker.bootstrap)
    client.send("two-partitions", b"b", key=b"k", partition=1, headers=[("h", b"1"), ("h", b"2")])
    client.send("two-partitions", b"a", partition=0).get(ANSWER)
    client.flush()
    first, second = broker.records("two-partitions")
    assert first == Record(0, 0, None, b"a", [], first.timestamp)
    assert second == Record(1, 0, b"k", b"b", [("h", b"1"), ("h", b"2")], second.timestamp)
    assert 0 <= time.time() * 1000 - second.timestamp < HOUR


def test_offsets_of_a_topic_are_known_as_soon_as_it_exists(broker: Broker) -> None:
    # A broker refuses such questions for a moment after it has made a topic, while it begins to lead the partitions.
    with TopicReader(broker.bootstrap) as reader:
        for number in range(10):
            of_reader, of_admin = (f"{name}-{number}" for name in ("reader", "admin"))
            broker.create_topic(of_reader, partitions=20)
            assert [reader.bounds(each) for each in reversed(reader.partitions(of_reader))] == [(0, 0)] * 20
            broker.create_topic(of_admin, partitions=20)
            partitions = [TopicPartition(of_admin, each) for each in range(20)]
            found = chosen_offsets(admin_client(broker.bootstrap), partitions, EARLIEST)
            assert found == dict.fromkeys(partitions, 0)


def test_a_topic_has_the_configuration_it_was_given(broker: Broker, producer: Callable[[str], KafkaProducer]) -> None:
    broker.create_topic("small", max_message_bytes=200)
    client = producer(broker.bootstrap)
    send(client, "small", b"fits")
    with pytest.raises(MessageSizeTooLargeError):
        send(client, "small", bytes(1000))


@pytest.mark.parametrize("end", [Broker.stop, Broker.kill])
def test_a_broker_starts_again_with_the_records_that_it_had(
    broker: Broker, topic: str, producer: Callable[[str], KafkaProducer], end: Callable[[Broker], None]
) -> None:
    client = producer(broker.bootstrap)
    send(client, topic, b"before")
    end(broker)
    with pytest.raises(KafkaUnreachableError, match="refused"):
        check(broker.bootstrap)
    broker.start()
    send(client, topic, b"after")
    assert values(broker, topic) == [b"before", b"after"]


def test_a_frozen_broker_is_silent_and_a_thawed_one_handles_the_requests_that_arrived(
    broker: Broker, topic: str, producer: Callable[[str], KafkaProducer]
) -> None:
    client = producer(broker.bootstrap)
    send(client, topic, b"before")
    broker.freeze()
    try:
        sent = client.send(topic, b"meanwhile")
        with pytest.raises(KafkaTimeoutError):
            sent.get(timeout=SILENCE)
    finally:
        broker.thaw()
    sent.get(timeout=ANSWER)
    broker.wait_until_ready()
    assert values(broker, topic) == [b"before", b"meanwhile"]


def test_a_broker_has_the_properties_it_was_given_and_can_be_closed_while_frozen(
    start_broker: Callable[..., Broker],
) -> None:
    other = start_broker(properties={"message.max.bytes": 300})
    other.create_topic("t")
    client = KafkaProducer(bootstrap_servers=other.bootstrap)
    with pytest.raises(MessageSizeTooLargeError):
        send(client, "t", bytes(1000))
    client.close()
    process = psutil.Process(other.pid)
    other.freeze()
    other.close()
    assert not process.is_running()


def test_the_proxy_passes_all_on(
    broker: Broker, proxy: Proxy, topic: str, producer: Callable[[str], KafkaProducer]
) -> None:
    send(producer(proxy.bootstrap), topic, b"value")
    assert values(broker, topic) == [b"value"]
    assert proxy.swallowed == 0


def test_a_swallowed_acknowledgement_is_that_of_a_stored_record(
    broker: Broker, proxy: Proxy, topic: str, producer: Callable[[str], KafkaProducer]
) -> None:
    client = producer(proxy.bootstrap)
    client.partitions_for(topic)
    proxy.swallow_acknowledgements()
    sent = client.send(topic, b"value")
    eventually(lambda: proxy.swallowed == 1, what="the acknowledgement")
    with pytest.raises(KafkaTimeoutError):
        sent.get(timeout=SILENCE)
    assert values(broker, topic) == [b"value"]

    # Only acknowledgements are lost: another client connects and learns all it wants.
    assert producer(proxy.bootstrap).partitions_for(topic) == {0}
    proxy.pass_acknowledgements()
    send(producer(proxy.bootstrap), topic, b"next")


def test_a_cut_connection_is_made_again(
    broker: Broker, proxy: Proxy, topic: str, producer: Callable[[str], KafkaProducer]
) -> None:
    client = producer(proxy.bootstrap)
    send(client, topic, b"before")
    proxy.cut()
    send(client, topic, b"after")
    assert values(broker, topic) == [b"before", b"after"]


def test_a_delayed_answer_comes_late(proxy: Proxy, topic: str, producer: Callable[[str], KafkaProducer]) -> None:
    client = producer(proxy.bootstrap)
    send(client, topic, b"in time")
    proxy.delay = 2 * SILENCE
    sent = client.send(topic, b"late")
    with pytest.raises(KafkaTimeoutError):
        sent.get(timeout=SILENCE)
    sent.get(timeout=ANSWER)


def test_proxy_without_a_broker_hangs_up(broker: Broker, proxy: Proxy) -> None:
    broker.stop()
    try:
        with pytest.raises(KafkaTimeoutError):
            KafkaProducer(bootstrap_servers=proxy.bootstrap, bootstrap_timeout_ms=300)
    finally:
        broker.start()
