"""The mapping's poller on a real broker: batches, starting positions, offsets and stopping."""

import threading
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from samrun.functions import back_off
from samrun.functions.invoker import PAYLOAD_LIMIT
from samrun.services import kafka
from samrun.testing.broker import Broker
from samrun.testing.waiting import eventually
from support.polled_topic import Offsets, Topic, failures

pytestmark = pytest.mark.xdist_group("shared-broker")


def test_batches_are_no_larger_than_the_batch_size_and_keep_the_order(topic: Topic) -> None:
    topic.produce(25)
    poller = topic.poll(batch_size=10)
    assert poller.wait_for(25) == list(range(25))
    poller.stop()
    sizes = [len(batch[f"{topic.name}-0"]) for batch in poller.function.batches()]
    assert max(sizes) == 10
    assert topic.committed() == {0: 25, 1: 0}


def test_one_batch_can_hold_several_partitions(topic: Topic) -> None:
    poller = topic.poll(window=300, batch_size=4)
    topic.produce(2, partition=0)
    topic.produce(2, partition=1)
    topic.wait_for_commit({0: 2, 1: 2})
    assert poller.function.batches() == [{f"{topic.name}-0": [0, 1], f"{topic.name}-1": [0, 1]}]


def test_window_collects_records_that_come_and_closes(topic: Topic) -> None:
    poller = topic.poll(window=3.0)
    topic.produce(1)
    topic.produce(1)
    topic.produce(1, partition=1)
    topic.wait_for_commit({0: 2, 1: 1})
    assert poller.function.batches() == [{f"{topic.name}-0": [0, 1], f"{topic.name}-1": [0]}]


def test_a_full_batch_does_not_wait_for_its_window(topic: Topic) -> None:
    poller = topic.poll(window=300, batch_size=3)
    topic.produce(7)
    assert poller.wait_for(6) == [0, 1, 2, 3, 4, 5]


def test_mapping_without_a_window_sends_the_records_that_are_there(topic: Topic) -> None:
    poller = topic.poll(batch_size=100)
    for count in (1, 2, 3):
        topic.produce(1)
        poller.wait_for(count)
    assert [sum(map(len, batch.values())) for batch in poller.function.batches()] == [1, 1, 1]


def test_latest_begins_with_what_comes_after_the_start(topic: Topic) -> None:
    topic.produce(3)
    poller = topic.poll(starting_position="LATEST")
    topic.wait_for_commit({0: 3, 1: 0})
    topic.produce(2)
    assert poller.wait_for(2) == [3, 4]


def test_latest_loses_nothing_that_comes_while_nobody_polls(topic: Topic) -> None:
    topic.produce(3)
    first = topic.poll(starting_position="LATEST")
    topic.wait_for_commit({0: 3, 1: 0})
    first.stop()
    topic.produce(2)
    assert topic.poll(starting_position="LATEST").wait_for(2) == [3, 4]


def test_at_timestamp_begins_with_the_first_record_of_that_time_or_later(topic: Topic) -> None:
    hour_ago = int(time.time() - 3600) * 1000
    topic.produce(timestamps=[hour_ago, hour_ago + 1000, hour_ago + 2000])
    topic.produce(timestamps=[hour_ago], partition=1)
    poller = topic.poll(starting_position="AT_TIMESTAMP", starting_timestamp=(hour_ago + 1000) / 1000)
    assert poller.wait_for(2) == [1, 2]
    topic.wait_for_commit({0: 3, 1: 1})
    topic.produce(1, partition=1)
    assert poller.wait_for(1, partition=1) == [1], "there was no record of that time: what comes from now on"


@pytest.mark.parametrize("position", ["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"])
def test_the_starting_position_is_ignored_where_offsets_are_committed(topic: Topic, position: str) -> None:
    topic.produce(3)
    first = topic.poll()
    first.wait_for(3)
    first.stop()
    topic.produce(2)
    assert topic.poll(starting_position=position, starting_timestamp=0.0).wait_for(2) == [3, 4]


def test_another_group_is_independent(topic: Topic) -> None:
    topic.produce(3)
    one, other = topic.poll(), topic.poll(consumer_group=f"other-{topic.name}")
    assert one.wait_for(3) == other.wait_for(3) == [0, 1, 2]


def test_a_second_poller_of_the_group_gets_only_what_is_not_done(topic: Topic) -> None:
    name = f"{topic.name}-0"
    topic.produce(5)
    topic.produce(2, partition=1)
    poller = topic.poll(lambda batch: failures((name, 3)) if name in batch else b"null")
    poller.wait_for(5)
    topic.wait_for_commit({0: 3, 1: 2})
    poller.stop()
    second = topic.poll()
    assert second.wait_for(2) == [3, 4]
    assert second.function.delivered(partition=1) == []


def test_stopping_does_not_wait_for_an_invocation_and_commits_nothing_of_it(topic: Topic) -> None:
    topic.produce(2)
    goes_on = threading.Event()

    def react(_: Offsets) -> bytes:
        goes_on.wait(60)
        return b"null"

    poller = topic.poll(react)
    poller.wait_for(2)
    poller.stop()
    assert topic.committed() == {0: 0, 1: 0}
    goes_on.set()
    assert topic.poll().wait_for(2) == [0, 1]


def test_an_invocation_that_ends_as_the_poller_stops_is_done(topic: Topic) -> None:
    topic.produce(2)
    stopping = threading.Event()

    def react(_: Offsets) -> bytes:
        stopping.wait(30)
        return b"null"

    poller = topic.poll(react)
    poller.wait_for(2)
    poller.poller.stop()
    stopping.set()
    poller.stop()
    assert topic.committed() == {0: 2, 1: 0}


def test_stopping_does_not_wait_for_a_window(topic: Topic) -> None:
    topic.produce(1)
    poller = topic.poll(window=300)
    topic.wait_for_commit({0: 0, 1: 0})
    eventually(poller.holds_records, what="the window to open")
    poller.stop()
    assert poller.function.payloads == []
    assert topic.committed() == {0: 0, 1: 0}


def test_stopping_does_not_wait_for_a_back_off(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(back_off, "_FIRST", 300)
    monkeypatch.setattr(back_off, "_MAX", 300)
    topic.produce(2)
    poller = topic.poll(lambda _: failures((f"{topic.name}-0", 1)))
    poller.wait_for_report("retry in 300.0 s")
    poller.stop()
    assert topic.committed() == {0: 1, 1: 0}


def test_records_too_large_for_one_event_come_in_several(topic: Topic) -> None:
    producer = KafkaProducer(bootstrap_servers=topic.bootstrap)
    for _ in range(7):
        producer.send(topic.name, bytes(900_000), partition=0)
    producer.flush()
    producer.close()
    poller = topic.poll(window=2.0)
    assert poller.wait_for(7) == list(range(7))
    sizes = [len(payload) for payload in poller.function.payloads]
    assert len(sizes) == 2
    assert PAYLOAD_LIMIT - 1_300_000 < sizes[0] <= PAYLOAD_LIMIT
    topic.wait_for_commit({0: 7, 1: 0})


def test_compressed_records_are_counted_one_by_one(topic: Topic) -> None:
    topic.produce(10, compression_type="gzip")
    poller = topic.poll(batch_size=4)
    assert poller.wait_for(10) == list(range(10))
    poller.stop()
    topic.produce(5, compression_type="gzip")
    other = topic.poll(
        lambda batch: failures((f"{topic.name}-0", 12)) if 11 in batch[f"{topic.name}-0"] else b"null",
        redeliver="from-lowest",
    )
    assert other.wait_for(8) == [10, 11, 12, 13, 14, 12, 13, 14]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_records_of_every_codec_are_read(topic: Topic, codec: str) -> None:
    producer = Producer({"bootstrap.servers": topic.bootstrap, "compression.type": codec, "linger.ms": 50})
    for _ in range(100):
        producer.produce(topic.name, b"value " * 100, partition=0)
    producer.flush()
    poller = topic.poll()
    assert poller.wait_for(100) == list(range(100))


def test_the_marks_of_transactions_are_no_records_and_nothing_comes_twice(topic: Topic) -> None:
    producer = KafkaProducer(bootstrap_servers=topic.bootstrap, transactional_id=topic.name)
    producer.init_transactions()
    for _ in range(2):
        producer.begin_transaction()
        producer.send(topic.name, b"value", partition=0)
        producer.send(topic.name, b"value", partition=0)
        producer.commit_transaction()
    producer.close()
    poller = topic.poll(batch_size=3)
    assert poller.wait_for(4) == [0, 1, 3, 4]
    poller.stop()
    second = topic.poll()
    topic.produce(1)
    assert second.wait_for(1) == [6]


def test_partitions_are_shared_with_another_member_of_the_group(topic: Topic) -> None:
    poller = topic.poll()
    topic.produce(2)
    topic.produce(2, partition=1)
    topic.wait_for_commit({0: 2, 1: 2})
    group = f"group-of-{topic.name}"
    member = KafkaConsumer(topic.name, bootstrap_servers=topic.bootstrap, group_id=group, enable_auto_commit=False)
    got: list[int] = []

    def assigned() -> int:
        got.extend(each.offset for records in member.poll(timeout_ms=100).values() for each in records)
        return len(member.assignment())

    assert eventually(assigned, what="the member to get its share") == 1
    [theirs] = (partition.partition for partition in member.assignment())
    topic.produce(2, partition=theirs)
    topic.produce(2, partition=1 - theirs)
    eventually(lambda: assigned() and len(got) == 2, what="their records")
    assert got == [2, 3], "no record that was done is redelivered"
    assert poller.wait_for(4, partition=1 - theirs) == [0, 1, 2, 3]
    assert poller.function.delivered(theirs) == [0, 1]
    member.close()
    # It has committed nothing, so its records are redelivered.
    assert poller.wait_for(4, partition=theirs) == [0, 1, 2, 3]
    topic.wait_for_commit({0: 4, 1: 4})


def test_offsets_that_are_gone_bring_everything_that_is_there(topic: Topic) -> None:
    topic.produce(2)
    consumer = KafkaConsumer(bootstrap_servers=topic.bootstrap, group_id=f"group-of-{topic.name}")
    partition = TopicPartition(topic.name, 0)
    consumer.assign([partition])
    consumer.seek(partition, 500)
    consumer.commit()
    consumer.close()
    assert topic.poll().wait_for(2) == [0, 1]


def test_poller_waits_for_a_topic_that_does_not_exist_and_says_so_once(topic: Topic) -> None:
    name = f"later-than-{topic.name}"
    poller = topic.poll(topic=name)
    poller.wait_for_report(f"Mapping cannot read {name}, retrying: there is no such topic at {topic.bootstrap}.")
    kafka.create_topics(topic.bootstrap, [name], partitions=1)
    topic.name = name
    topic.produce(1)
    assert poller.wait_for(1) == [0]
    assert len([line for line in poller.reports if "no such topic" in line]) == 1


@pytest.fixture
def topic_of_broker(broker: Broker, sockets_collected: None) -> Iterator[Topic]:
    topic = Topic(broker.bootstrap)
    yield topic
    topic.close()


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_broker_that_is_away_for_a_while_is_waited_for(broker: Broker, topic_of_broker: Topic) -> None:
    topic, goes_on = topic_of_broker, threading.Event()

    def react(_: Offsets) -> bytes:
        goes_on.wait(60)
        return b"null"

    poller = topic.poll(react)
    topic.produce(2)
    poller.wait_for(2)
    broker.stop()
    goes_on.set()
    poller.wait_for_report("Kafka: ")
    broker.start()
    topic.produce(2)
    assert poller.wait_for(4) == [0, 1, 2, 3]
    poller.stop()
    topic.produce(1)
    assert topic.poll().wait_for(1) == [4], "nothing is lost, and nothing comes twice"


def test_poller_that_finishes_waits_for_the_function_and_commits(topic: Topic) -> None:
    begun, go = threading.Event(), threading.Event()

    def react(_batch: Offsets) -> bytes:
        begun.set()
        go.wait()
        return b"null"

    topic.produce(3)
    poller = topic.poll(react, batch_size=2)
    assert begun.wait(30)
    poller.poller.finish()
    poller.poller.finish()
    assert not poller.run.done()
    go.set()
    poller.run.result(timeout=30)
    assert poller.function.delivered() == [0, 1]
    topic.wait_for_commit({0: 2, 1: 0})
    assert topic.poll().wait_for(1) == [2]


def test_poller_that_finishes_can_still_be_stopped(topic: Topic) -> None:
    begun, go = threading.Event(), threading.Event()

    def react(_batch: Offsets) -> bytes:
        begun.set()
        go.wait()
        return b"null"

    topic.produce(1)
    poller = topic.poll(react)
    assert begun.wait(30)
    poller.poller.finish()
    poller.stop()
    go.set()
    assert topic.committed().get(0, 0) == 0
