"""The mapping's poller and the partitions of its topic, on a real broker: in parallel, added, shared, hostile."""

import threading
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer
from confluent_kafka.cimpl import NewPartitions
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from samrun.services import kafka
from samrun.services.kafka import admin_client
from samrun.testing.broker import Broker
from samrun.testing.waiting import eventually
from support.polled_topic import BUCKET, Offsets, Topic, dies_of

pytestmark = pytest.mark.xdist_group("shared-broker")


@pytest.fixture
def six(broker: Broker) -> Iterator[Topic]:
    """A topic with six partitions."""
    topic = Topic(broker.bootstrap, partitions=6)
    yield topic
    topic.close()


def test_partitions_that_hang_stop_no_others(six: Topic) -> None:
    hanging, goes_on = {f"{six.name}-0", f"{six.name}-1"}, threading.Event()
    hung: set[str] = set()

    def react(batch: Offsets) -> bytes:
        if hangs := hanging & batch.keys():
            hung.update(hangs)
            goes_on.wait(60)
        return b"null"

    poller = six.poll(react, batch_size=10)
    for partition in (0, 1):
        six.produce(5, partition=partition)
    # Together or each in an invocation of its own.
    eventually(lambda: hung == hanging, what="both to hang")
    for partition in range(2, 6):
        six.produce(1000 if partition == 5 else 20, partition=partition)
    for partition in range(2, 6):
        expected = 1000 if partition == 5 else 20
        assert poller.wait_for(expected, partition=partition) == list(range(expected))
    goes_on.set()
    six.wait_for_commit({0: 5, 1: 5, 2: 20, 3: 20, 4: 20, 5: 1000})


def test_partition_that_fails_again_and_again_shares_no_batch_with_others(six: Topic) -> None:
    poller = six.poll(dies_of((f"{six.name}-0", 0)), window=0.0)
    six.produce(1, partition=0)
    poller.wait_for_report("retry in 0.8 s")
    for _ in range(5):
        for partition in range(1, 6):
            six.produce(1, partition=partition)
    for partition in range(1, 6):
        assert poller.wait_for(5, partition=partition) == [0, 1, 2, 3, 4]
    assert all(batch.keys() == {f"{six.name}-0"} for batch in poller.function.batches() if f"{six.name}-0" in batch)


@pytest.mark.parametrize("position", ["TRIM_HORIZON", "LATEST"])
def test_partition_that_is_added_is_read_from_its_beginning(six: Topic, position: str) -> None:
    poller = six.poll(starting_position=position)
    six.wait_for_commit(dict.fromkeys(range(6), 0))
    admin = admin_client(six.bootstrap)
    admin.create_partitions([NewPartitions(six.name, 8)])[six.name].result()
    six.produce(3, partition=7)
    assert poller.wait_for(3, partition=7) == [0, 1, 2]


def test_partition_that_was_added_while_nobody_polled_is_read_from_its_beginning(six: Topic) -> None:
    first = six.poll(starting_position="LATEST")
    six.wait_for_commit(dict.fromkeys(range(6), 0))
    first.stop()
    admin = admin_client(six.bootstrap)
    admin.create_partitions([NewPartitions(six.name, 7)])[six.name].result()
    six.produce(3, partition=6)
    assert six.poll(starting_position="LATEST").wait_for(3, partition=6) == [0, 1, 2]


def test_two_pollers_of_a_group_share_the_partitions(six: Topic) -> None:
    one, other = six.poll(), six.poll()
    for partition in range(6):
        six.produce(10, partition=partition)
    six.wait_for_commit(dict.fromkeys(range(6), 10))
    for partition in range(6):
        delivered = one.function.delivered(partition) + other.function.delivered(partition)
        assert sorted(set(delivered)) == list(range(10))
    eventually(lambda: one.partitions() and other.partitions(), what="both to have partitions")
    assert one.partitions() | other.partitions() == set(range(6))
    assert not one.partitions() & other.partitions()
    one.stop()
    six.produce(1, partition=0)
    six.produce(1, partition=5)
    eventually(lambda: other.partitions() == set(range(6)), what="the other to get all partitions")
    for partition in (0, 5):
        # It may have got earlier records of the partition, too.
        eventually(lambda: 10 in other.function.delivered(partition), what="the new record")  # noqa: B023


def test_backlog_is_delivered_although_another_member_comes_and_goes(six: Topic) -> None:
    """The poller has paused the partitions by then: more records wait than it wants to hold."""

    def react(_: Offsets) -> bytes:
        threading.Event().wait(0.02)
        return b"null"

    poller = six.poll(react, batch_size=10)
    for partition in range(6):
        six.produce(2000, partition=partition)
    poller.wait_for(10, partition=0)
    second = six.poll()
    eventually(second.partitions, what="the second one to get its share")
    second.stop()
    six.wait_for_commit(dict.fromkeys(range(6), 2000))
    for partition in range(6):
        delivered = poller.function.delivered(partition) + second.function.delivered(partition)
        assert sorted(set(delivered)) == list(range(2000))


def test_static_member_that_is_fenced_is_replaced(six: Topic) -> None:
    """Its client is of no use then. A member may be fenced by itself: it joins again, and an old commit of it comes."""
    poller = six.poll(instance="one")
    six.produce(2)
    poller.wait_for(2)
    usurper = Consumer(
        {"bootstrap.servers": six.bootstrap, "group.id": f"group-of-{six.name}", "group.instance.id": "one"}
    )
    try:
        usurper.subscribe([six.name])
        eventually(lambda: usurper.poll(0.1) or usurper.assignment(), what="the usurper to be let in")
        poller.wait_for_report("Static consumer fenced")
    finally:
        usurper.close()
    six.produce(1)
    assert poller.wait_for(3) == [0, 1, 2]


def test_invocation_that_takes_long_goes_on_in_a_rebalance(six: Topic) -> None:
    goes_on = threading.Event()

    def react(batch: Offsets) -> bytes:
        goes_on.wait(60)
        return b"null"

    poller = six.poll(react)
    six.produce(2, partition=0)
    poller.wait_for(2)
    second = six.poll()
    # Longer than a session: the member that waits for its invocation stays in the group.
    threading.Event().wait(11)
    assert poller.function.delivered() == [0, 1]
    goes_on.set()
    eventually(second.partitions, what="the second one to get its share")
    six.produce(1, partition=0)
    six.wait_for_commit({0: 3, **dict.fromkeys(range(1, 6), 0)})
    assert sorted(poller.function.delivered() + second.function.delivered()) == [0, 1, 2], "nothing is sent twice"


@pytest.mark.parametrize("timestamp", [1795342530612000, 1795342530612000000, 2**63 - 1, 0])
def test_record_with_any_timestamp_is_discarded_like_others(six: Topic, timestamp: int) -> None:
    admin = KafkaAdminClient(bootstrap_servers=six.bootstrap)
    takes_all = {"message.timestamp.after.max.ms": str(2**63 - 1)}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, six.name, configs=takes_all)])
    admin.close()
    six.produce(timestamps=[timestamp])
    poller = six.poll(dies_of((f"{six.name}-0", 0)), maximum_retries=0, on_failure=BUCKET)
    six.wait_for_commit({0: 1, **dict.fromkeys(range(1, 6), 0)})
    [discarded] = poller.discarded
    assert discarded.metadata()["KafkaBatchInfo"]["recordsInfo"][f"{six.name}-0"]["firstRecordOffset"] == "0"


def test_topic_that_is_deleted_and_made_again_is_read_from_its_start(six: Topic) -> None:
    poller = six.poll()
    six.produce(100)
    poller.wait_for(100)
    six.wait_for_commit({0: 100} | dict.fromkeys(range(1, 6), 0))
    admin = admin_client(six.bootstrap)
    for deleted in admin.delete_topics([six.name]).values():
        deleted.result()
    poller.wait_for_report("could not commit its offsets")  # Kafka has deleted them, too
    kafka.create_topics(six.bootstrap, [six.name], partitions=6)
    six.produce(150)
    assert poller.wait_for(250)[100:] == list(range(150))
    six.wait_for_commit({0: 150} | dict.fromkeys(range(1, 6), 0))
    poller.stop()
