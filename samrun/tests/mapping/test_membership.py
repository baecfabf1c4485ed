"""Membership: commits reach Kafka one after another, and none after a later one."""

import queue
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future

import pytest
from confluent_kafka import KafkaError, KafkaException

from samrun.mapping.group_member import PartitionFailure
from samrun.mapping.membership import Membership
from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.testing.waiting import eventually
from support.fake_member import FakeMember

ONE, OTHER = TopicPartition("t", 0), TopicPartition("t", 1)


class FakeDispatcher:
    """Stands for the dispatcher: it has done what a test says, and acts in the thread that posts."""

    def __init__(self) -> None:
        self.done: dict[TopicPartition, int] = {}
        self.uncommitted: list[TopicPartition] = []
        self.committed_for_sure: list[TopicPartition] = []
        self.disconnected: list[BaseException] = []

    def post(self, action: Callable[[], object]) -> None:
        action()

    def committed(self, partitions: Sequence[TopicPartition]) -> None:
        self.committed_for_sure += partitions

    def revoke(self, _: Sequence[TopicPartition], given_up: Future[Mapping[TopicPartition, int]]) -> None:
        given_up.set_result(self.done)

    def lost(self, _: Sequence[TopicPartition]) -> None:
        self.done.clear()

    def not_committed(self, partitions: Sequence[TopicPartition], _error: str) -> None:
        self.uncommitted += partitions

    def disconnect(self, reason: BaseException) -> None:
        self.disconnected.append(reason)

    def assigned(
        self, offsets: Mapping[TopicPartition, int], _uncommitted: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        return offsets

    def add(self, read: Sequence[KafkaRecord | PartitionFailure]) -> None:
        raise AssertionError(read)

    def reads_again(self, partition: TopicPartition) -> None:
        raise AssertionError(partition)

    def report_once(self, error: str) -> None:
        raise AssertionError(error)


class MembershipThread:
    """A membership that reads in its thread. Each commit waits for the next of `answers`."""

    def __init__(self) -> None:
        self.answers: queue.SimpleQueue[KafkaException | None] = queue.SimpleQueue()
        self.member = FakeMember(self.answers)
        self.dispatcher = FakeDispatcher()
        self.membership = Membership(self.dispatcher, on_assigned=lambda: None)
        self.membership.start(self.member)

    def end(self) -> None:
        self.answers.put(None)
        self.membership.end(self.member, {})

    def wait_for_commits(self, *offsets: Mapping[TopicPartition, int]) -> None:
        eventually(lambda: self.member.commits == list(offsets), what=f"the commits {offsets}")


@pytest.fixture
def thread() -> Iterator[MembershipThread]:
    thread = MembershipThread()
    yield thread
    thread.end()
    assert thread.member.closed.wait(30)


def test_commits_that_are_ordered_during_another_are_one_after_it(thread: MembershipThread) -> None:
    thread.membership.commit({ONE: 1, OTHER: 1})
    thread.wait_for_commits({ONE: 1, OTHER: 1})
    thread.membership.commit({ONE: 2})
    thread.membership.commit({ONE: 3})
    thread.answers.put(None)
    thread.wait_for_commits({ONE: 1, OTHER: 1}, {ONE: 3})


def test_commit_that_was_ordered_before_a_revocation_does_not_come_after_its_own(thread: MembershipThread) -> None:
    def revoke() -> None:
        thread.membership.commit({ONE: 1, OTHER: 1})
        thread.dispatcher.done = {ONE: 2}
        thread.membership.revoked([ONE])

    thread.member.due.put(revoke)
    thread.wait_for_commits({ONE: 2, OTHER: 1})
    thread.answers.put(None)
    thread.membership.commit({OTHER: 3})
    thread.wait_for_commits({ONE: 2, OTHER: 1}, {OTHER: 3})


def test_nothing_of_partitions_that_are_lost_is_committed(thread: MembershipThread) -> None:
    is_lost = threading.Event()

    def lose() -> None:
        thread.membership.commit({ONE: 1})
        thread.membership.lost([ONE])
        is_lost.set()

    thread.member.due.put(lose)
    assert is_lost.wait(30)
    thread.membership.commit({OTHER: 2})
    thread.wait_for_commits({OTHER: 2})


def test_commit_that_fails_is_told_to_the_dispatcher(thread: MembershipThread) -> None:
    thread.membership.commit({ONE: 1})
    thread.answers.put(KafkaException(KafkaError(KafkaError.REBALANCE_IN_PROGRESS)))
    eventually(lambda: thread.dispatcher.uncommitted == [ONE], what="the dispatcher to know")
    assert thread.dispatcher.disconnected == []


def test_commit_that_succeeds_is_told_to_the_dispatcher(thread: MembershipThread) -> None:
    thread.membership.commit({ONE: 1})
    thread.answers.put(None)
    eventually(lambda: thread.dispatcher.committed_for_sure == [ONE], what="the dispatcher to know")
    assert thread.dispatcher.uncommitted == []
