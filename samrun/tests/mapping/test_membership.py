"""Membership: commits reach Kafka one after another, and none after a later one."""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException

from samrun.mapping.membership import Membership
from samrun.mapping.records import TopicPartition
from samrun.testing.waiting import eventually

if TYPE_CHECKING:
    from samrun.mapping.dispatcher import Dispatcher
    from samrun.mapping.group_member import GroupMember

ONE, OTHER = TopicPartition("t", 0), TopicPartition("t", 1)


class FakeMember:
    """Stands for a client of Kafka: a commit takes until the test lets it go on, and `poll` calls what is due."""

    def __init__(self) -> None:
        self.committed: list[Mapping[TopicPartition, int]] = []
        self.answers: queue.SimpleQueue[KafkaException | None] = queue.SimpleQueue()
        self.due: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.closed = threading.Event()

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.committed.append(offsets)
        if error := self.answers.get(timeout=30):
            raise error

    def poll(self, _count: int, *, timeout: float) -> list[Any]:
        with contextlib.suppress(queue.Empty):
            self.due.get(timeout=timeout)()
        return []

    def close(self) -> None:
        self.closed.set()


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


class Running:
    """A membership that reads in its thread."""

    def __init__(self) -> None:
        self.member = FakeMember()
        self.dispatcher = FakeDispatcher()
        self.membership = Membership(cast("Dispatcher", self.dispatcher), on_assigned=lambda: None)
        self.membership.start(cast("GroupMember", self.member))

    def end(self) -> None:
        self.member.answers.put(None)
        self.membership.end(cast("GroupMember", self.member), {})

    def wait_for_commits(self, *offsets: Mapping[TopicPartition, int]) -> None:
        eventually(lambda: self.member.committed == list(offsets), what=f"the commits {offsets}")


@pytest.fixture
def running() -> Iterator[Running]:
    running = Running()
    yield running
    running.end()
    assert running.member.closed.wait(30)


def test_commits_that_are_ordered_during_another_are_one_after_it(running: Running) -> None:
    running.membership.commit({ONE: 1, OTHER: 1})
    running.wait_for_commits({ONE: 1, OTHER: 1})
    running.membership.commit({ONE: 2})
    running.membership.commit({ONE: 3})
    running.member.answers.put(None)
    running.wait_for_commits({ONE: 1, OTHER: 1}, {ONE: 3})


def test_commit_that_was_ordered_before_a_revocation_does_not_come_after_its_own(running: Running) -> None:
    def revoke() -> None:
        running.membership.commit({ONE: 1, OTHER: 1})
        running.dispatcher.done = {ONE: 2}
        running.membership.revoked([ONE])

    running.member.due.put(revoke)
    running.wait_for_commits({ONE: 2, OTHER: 1})
    running.member.answers.put(None)
    running.membership.commit({OTHER: 3})
    running.wait_for_commits({ONE: 2, OTHER: 1}, {OTHER: 3})


def test_nothing_of_partitions_that_are_lost_is_committed(running: Running) -> None:
    is_lost = threading.Event()

    def lose() -> None:
        running.membership.commit({ONE: 1})
        running.membership.lost([ONE])
        is_lost.set()

    running.member.due.put(lose)
    assert is_lost.wait(30)
    running.membership.commit({OTHER: 2})
    running.wait_for_commits({OTHER: 2})


def test_commit_that_fails_is_told_to_the_dispatcher(running: Running) -> None:
    running.membership.commit({ONE: 1})
    running.member.answers.put(KafkaException(KafkaError(KafkaError.REBALANCE_IN_PROGRESS)))
    eventually(lambda: running.dispatcher.uncommitted == [ONE], what="the dispatcher to know")
    assert running.dispatcher.disconnected == []


def test_commit_that_succeeds_is_told_to_the_dispatcher(running: Running) -> None:
    running.membership.commit({ONE: 1})
    running.member.answers.put(None)
    eventually(lambda: running.dispatcher.committed_for_sure == [ONE], what="the dispatcher to know")
    assert running.dispatcher.uncommitted == []
