"""The member of a mapping's group, on a real broker."""

import threading
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest
from confluent_kafka import Consumer, KafkaException

from samrun.mapping.group_member import GroupMember
from samrun.mapping.records import TopicPartition
from samrun.services import kafka
from samrun.testing.broker import Broker
from samrun.testing.kafka_records import kafka_mapping

pytestmark = pytest.mark.xdist_group("shared-broker")


class FailingListener:
    """A listener in which Kafka's client fails, as the member's own calls do while a partition has no leader.

    An error that comes out of the client's own code leaves a callback in another form than one of Python's `raise`.
    """

    def assigned(
        self, partitions: Mapping[TopicPartition, int], _uncommitted: Collection[TopicPartition], /
    ) -> Mapping[TopicPartition, int]:
        elsewhere = Consumer({"bootstrap.servers": "127.0.0.1:9", "group.id": "g", "log_level": 0})
        elsewhere.get_watermark_offsets(confluent_kafka.TopicPartition("t", 0), timeout=0.1)
        return partitions

    def __getattr__(self, _: str) -> Any:
        return lambda *_: None


class KillingListener:
    """A listener that kills the broker while the partitions are taken over, and notes the errors that it hears of."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.errors: list[str] = []

    def assigned(
        self, partitions: Mapping[TopicPartition, int], _uncommitted: Collection[TopicPartition], /
    ) -> Mapping[TopicPartition, int]:
        self._broker.kill()
        return partitions

    def failed(self, error: str, /) -> None:
        self.errors.append(error)

    def __getattr__(self, _: str) -> Any:
        return lambda *_: None


class CommittingListener:
    """A listener that commits the partition while it is given up, after what `before` does."""

    def __init__(self, before: Callable[[], object] = lambda: None) -> None:
        self.member: GroupMember
        self._before = before
        self.heard: list[str] = []

    def assigned(
        self, partitions: Mapping[TopicPartition, int], _uncommitted: Collection[TopicPartition], /
    ) -> Mapping[TopicPartition, int]:
        self.heard.append("assigned")
        return partitions

    def revoked(self, partitions: Sequence[TopicPartition], /) -> None:
        self._before()
        try:
            self.member.commit(dict.fromkeys(partitions, 0))
            self.heard.append("committed")
        except KafkaException:
            self.heard.append("not committed")

    def failed(self, error: str, /) -> None:
        self.heard.append("failed")

    def __getattr__(self, _: str) -> Any:
        return lambda *_: None


@pytest.fixture
def member(broker: Broker) -> Iterator[GroupMember]:
    topic = f"member-{uuid.uuid4().hex[:12]}"
    kafka.create_topics(broker.bootstrap, [topic], partitions=1)
    mapping = kafka_mapping(topic=topic, consumer_group=f"group-of-{topic}")
    member = GroupMember(mapping, broker.bootstrap, {}, listener=FailingListener(), instance=None)
    yield member
    member.close()


def test_error_while_partitions_are_taken_over_is_raised_by_the_poll(member: GroupMember) -> None:
    member.join()
    with pytest.raises(KafkaException):
        _poll_forever(member)


def _poll_forever(member: GroupMember) -> None:
    while True:
        member.poll(1, timeout=0.5)


def test_process_survives_an_error_in_the_poll_in_which_partitions_are_taken_over(tmp_path: Path) -> None:
    with Broker(tmp_path) as own_broker:
        own_broker.create_topic("t")
        listener = KillingListener(own_broker)
        mapping = kafka_mapping(consumer_group="g")
        member = GroupMember(mapping, own_broker.bootstrap, {}, listener=listener, instance=None)
        try:
            member.join()
            # One poll: confluent-kafka ended the process at the second callback in it.
            assert member.poll(1, timeout=10) == []
        finally:
            member.close()
    assert listener.errors


@contextmanager
def giving_up(broker: Broker, listener: CommittingListener) -> Iterator[GroupMember]:
    """Yield a member that has to give its partition up, since another one joins."""
    broker.create_topic("t", partitions=2)
    mapping = kafka_mapping(consumer_group="g")
    listener.member = GroupMember(mapping, broker.bootstrap, {}, listener=listener, instance=None)
    other = GroupMember(mapping, broker.bootstrap, {}, listener=CommittingListener(), instance=None)
    is_over = threading.Event()

    def join() -> None:
        while not is_over.is_set():
            other.poll(1, timeout=0.5)

    joining = threading.Thread(target=join)
    try:
        listener.member.join()
        while not listener.heard:
            listener.member.poll(1, timeout=0.5)
        other.join()
        joining.start()
        yield listener.member
    finally:
        is_over.set()
        joining.join()
        other.close()
        listener.member.close()


def test_process_survives_callbacks_after_a_commit_of_partitions_that_are_given_up(tmp_path: Path) -> None:
    with Broker(tmp_path) as own_broker:
        listener = CommittingListener()
        with giving_up(own_broker, listener) as member:
            assert member.poll(1, timeout=6) == []  # one poll with all three callbacks
    assert listener.heard == ["assigned", "committed", "assigned"]


def test_process_survives_errors_after_a_commit_that_fails_because_the_broker_is_gone(tmp_path: Path) -> None:
    with Broker(tmp_path) as own_broker:
        listener = CommittingListener(before=own_broker.kill)
        with giving_up(own_broker, listener) as member:
            assert member.poll(1, timeout=15) == []
    assert listener.heard[:2] == ["assigned", "not committed"]
    assert "failed" in listener.heard[2:]
