"""Membership of a poller in its group: one thread reads Kafka and commits offsets, one commit at a time."""

import queue
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Protocol, TypeVar

from confluent_kafka import KafkaException

from samrun.mapping.client_errors import description
from samrun.mapping.dispatcher import Action, Member
from samrun.mapping.group_member import BrokerRefusalError, PartitionFailure
from samrun.mapping.records import KafkaRecord, TopicPartition

_T = TypeVar("_T")

# Seconds. A poll waits for no longer, since only its thread may commit and pause.
_POLL = 0.05
_WAIT = 0.2
_LAST_COMMIT_PATIENCE = 2.0
_CLOSE_PATIENCE = 3.0

_RECORDS_PER_POLL = 1000
# Results of polls that may wait for the dispatcher.
_POLLS_AHEAD = 4


class PollingMember(Member, Protocol):
    """Member of the mapping's group, as its own thread sees it: each method may wait, and raise KafkaException."""

    def poll(self, count: int, /, *, timeout: float) -> list[KafkaRecord | PartitionFailure]:
        """Wait up to `timeout` seconds for records, and return up to `count` of them."""
        ...

    def close(self) -> None:
        """Leave the group."""
        ...


class MappingDispatcher(Protocol):
    """The mapping's dispatcher, as the membership sees it. `post` has its thread call the others: see `Dispatcher`."""

    def post(self, action: Action, /) -> None: ...
    def assigned(
        self, offsets: Mapping[TopicPartition, int], uncommitted: Collection[TopicPartition], /
    ) -> Mapping[TopicPartition, int]: ...
    def revoke(
        self, partitions: Sequence[TopicPartition], given_up: Future[Mapping[TopicPartition, int]], /
    ) -> None: ...
    def lost(self, partitions: Sequence[TopicPartition], /) -> None: ...
    def add(self, read: Sequence[KafkaRecord | PartitionFailure], /) -> None: ...
    def reads_again(self, partition: TopicPartition, /) -> None: ...
    def committed(self, partitions: Sequence[TopicPartition], /) -> None: ...
    def not_committed(self, partitions: Sequence[TopicPartition], error: str, /) -> None: ...
    def disconnect(self, reason: BaseException, /) -> None: ...
    def report_once(self, error: str, /) -> None: ...


class Membership:
    """Thread of a group member. It passes on what it reads and hears, and carries out what the dispatcher wants.

    confluent-kafka lets another thread wait for its consumer for as long as the first one polls. So one thread makes
    all calls. When the partitions change, it waits for the dispatcher: Kafka gives them to others only then.
    """

    def __init__(self, dispatcher: MappingDispatcher, on_assigned: Callable[[], object]) -> None:
        self._dispatcher = dispatcher
        self._on_assigned = on_assigned
        self._member: PollingMember
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._commits: queue.SimpleQueue[Mapping[TopicPartition, int]] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._room = threading.Semaphore(_POLLS_AHEAD)
        self._last_offsets: Mapping[TopicPartition, int] = {}
        self._thread: threading.Thread | None = None

    def start(self, member: PollingMember) -> None:
        """Start to read in a thread of its own."""
        self._member = member
        # A daemon: the process must end even if Kafka's client does not.
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def end(self, member: PollingMember, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit these offsets and leave the group. Returns soon, whatever Kafka does."""
        self._last_offsets = offsets
        self._ended.set()
        if self._thread is None:
            self._thread = threading.Thread(target=member.close, daemon=True)
            self._thread.start()
        self._thread.join(_CLOSE_PATIENCE)

    # For the dispatcher.

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit soon; then `Dispatcher.committed` is called, or `not_committed`."""
        self._commits.put(offsets)

    def pause(self, partition: TopicPartition) -> None:
        """Read no more of a partition soon."""
        self._orders.put(lambda: self._member.pause(partition))

    def resume(self, partition: TopicPartition) -> None:
        """Go on reading a partition soon."""
        self._orders.put(lambda: self._member.resume(partition))

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go on reading a partition at an offset soon; `Dispatcher.reads_again` is called then."""

        def seek() -> None:
            try:
                self._member.seek(partition, offset)
            finally:
                self._post(partial(self._dispatcher.reads_again, partition))

        self._orders.put(seek)

    # In the thread of the member.

    def _read(self) -> None:
        try:
            while not self._ended.is_set():
                self._carry_out_orders()
                self._commit(self._ordered_commits())
                read = self._member.poll(_RECORDS_PER_POLL, timeout=_POLL)
                if read and self._wait_for_room():
                    self._dispatcher.post(partial(self._take, read))
            self._commit_before_the_end()
        except Exception as error:  # noqa: BLE001 - whatever it is, the dispatcher has to know
            self._post(partial(self._dispatcher.disconnect, error))
        finally:
            self._member.close()

    def _commit_before_the_end(self) -> None:
        """Commit what is done, also if the broker is only just back and the member has to join again."""
        deadline = time.monotonic() + _LAST_COMMIT_PATIENCE
        while self._last_offsets:
            try:
                self._member.commit(self._last_offsets)
            except KafkaException:
                if time.monotonic() > deadline:
                    return  # these records are redelivered
                self._member.poll(1, timeout=_WAIT)
            else:
                return

    def _carry_out_orders(self) -> None:
        while not self._orders.empty():
            try:
                self._orders.get_nowait()()
            except KafkaException as error:  # of a partition that the member has no more, for one
                self.failed(description(error))

    def _wait_for_room(self) -> bool:
        """Wait until the dispatcher has taken earlier records. Return False if the membership ends before."""
        while not self._ended.is_set():
            if self._room.acquire(timeout=_WAIT):
                return True
        return False

    def _take(self, read: Sequence[KafkaRecord | PartitionFailure]) -> None:
        self._room.release()
        if not self._ended.is_set():
            self._dispatcher.add(read)

    def assigned(
        self, offsets: Mapping[TopicPartition, int], uncommitted: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """Let the dispatcher say where to begin."""
        found = self._ask(lambda: self._dispatcher.assigned(offsets, uncommitted))
        self._on_assigned()
        return offsets if found is None else found

    def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Wait until nothing of the partitions is in flight, and commit what is done."""
        given_up: Future[Mapping[TopicPartition, int]] = Future()
        self._post(partial(self._dispatcher.revoke, partitions, given_up))
        done = self._result(given_up) or {}
        # Those that were ordered before are older.
        self._commit({**self._ordered_commits(), **done})

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        """Have the dispatcher forget the partitions."""
        self._ask(lambda: self._dispatcher.lost(partitions))
        self._ordered_commits()  # of no use any more

    def refused(self, reason: str) -> None:
        """Have the dispatcher end with the reason."""
        self._post(partial(self._dispatcher.disconnect, BrokerRefusalError(reason)))

    def failed(self, error: str) -> None:
        """Have the error reported."""
        self._post(partial(self._dispatcher.report_once, f"Kafka: {error}"))

    def _ordered_commits(self) -> dict[TopicPartition, int]:
        """Return the offsets to commit that were ordered since the last time: the last one of each partition."""
        offsets: dict[TopicPartition, int] = {}
        while not self._commits.empty():
            offsets |= self._commits.get_nowait()
        return offsets

    def _commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit offsets; if that fails, have the dispatcher order it again."""
        if offsets:
            try:
                self._member.commit(offsets)
            except KafkaException as error:
                self._post(partial(self._dispatcher.not_committed, list(offsets), description(error)))
            else:
                self._post(partial(self._dispatcher.committed, list(offsets)))

    def _post(self, action: Callable[[], object]) -> None:
        """Have the dispatcher act, unless the membership has ended by then."""
        self._dispatcher.post(lambda: None if self._ended.is_set() else action())

    def _ask(self, question: Callable[[], _T]) -> _T | None:
        """Return the answer of the dispatcher's thread, or None if the membership ends before."""
        answer: Future[_T] = Future()
        self._post(lambda: answer.set_result(question()))
        return self._result(answer)

    def _result(self, future: Future[_T]) -> _T | None:
        while not self._ended.is_set():
            try:
                return future.result(timeout=_WAIT)
            except TimeoutError:
                continue
        return None
