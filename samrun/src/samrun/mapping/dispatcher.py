"""Dispatcher of one mapping: decides in one thread when to deliver, retry and pause, and which offsets to commit."""

import queue
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any, Protocol

from confluent_kafka import OFFSET_BEGINNING, KafkaError

from samrun.mapping.batch_processor import BatchProcessor, Report
from samrun.mapping.batcher import Batcher
from samrun.mapping.client_errors import with_remedy
from samrun.mapping.delivery import Delivery
from samrun.mapping.group_member import PartitionFailure
from samrun.mapping.partition_queue import ROOM
from samrun.mapping.partitions import Partitions
from samrun.mapping.record_filter import RecordFilter
from samrun.mapping.records import KafkaRecord, TopicPartition

Action = Callable[[], object]
"""Something that happened, as a function for the dispatcher's thread to call."""

# Seconds.
_MAX_WAIT = 1.0
_REVOKE_PATIENCE = 30.0
_RETRY_READING = 2.0
_STOP_PATIENCE = 2.0

_MAX_ACTIONS = 8
# Errors that are remembered: some have an address or a duration in their text.
_MAX_ERRORS = 32
# Records of a partition that wait.
_ENOUGH = 10_000

_KIND_AND_PARTITION = attrgetter("__class__", "topic_partition")


class Member(Protocol):
    """Member of the mapping's group, as the dispatcher sees it. Each method returns at once, and acts soon after."""

    def commit(self, offsets: Mapping[TopicPartition, int], /) -> None:
        """Commit the offset of the next record of each partition."""
        ...

    def pause(self, partition: TopicPartition, /) -> None:
        """Read no more of a partition until it is resumed."""
        ...

    def resume(self, partition: TopicPartition, /) -> None:
        """Go on reading a partition that was paused."""
        ...

    def seek(self, partition: TopicPartition, offset: int, /) -> None:
        """Go on reading a partition at an offset; `Dispatcher.reads_again` is called then."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Revocation:
    """Partitions to give up when nothing of them is in flight, or at `deadline`: `given_up` gets their offsets."""

    partitions: Sequence[TopicPartition]
    given_up: Future[Mapping[TopicPartition, int]]
    deadline: float


class Dispatcher:
    """Dispatcher of the records of a member's partitions. It commits the offsets of those that are done.

    `run` has a thread of its own, and only it touches the state. Other threads `post` what happened. The state survives
    a member: `run` may be called again with another one.
    """

    def __init__(
        self,
        *,
        record_filter: RecordFilter,
        batcher: Batcher,
        processor: BatchProcessor,
        executor: Executor,
        report: Report,
        name: str,
    ) -> None:
        self._batcher = batcher
        self._processor = processor
        self._executor = executor
        self._report = report
        self._name = name
        self._inbox: queue.SimpleQueue[Action] = queue.SimpleQueue()
        self._partitions = Partitions(record_filter)
        self._member: Member
        self._revocation: _Revocation | None = None
        self._paused: set[TopicPartition] = set()
        # The partitions that cannot be read: when to try again, at which offset, and what was reported of it.
        self._unreadable: dict[TopicPartition, tuple[float, int]] = {}
        self._seeking: set[TopicPartition] = set()
        self._reported: dict[TopicPartition, str] = {}
        # The client's errors since the last record was read, and the one of the last commit: each is reported once.
        self._errors: set[str] = set()
        self._commit_error: str | None = None
        self._disconnected: BaseException | None = None
        self.waiting_count = 0
        """Number of the records that waited for their first delivery a moment ago. Any thread may read it."""

    def post(self, action: Action) -> None:
        """Have the dispatcher's thread call a function. For any thread."""
        self._inbox.put(action)

    def wake(self) -> None:
        """Make the dispatcher look whether it should stop. For any thread."""
        self.post(lambda: None)

    def run(
        self, member: Member, stopping: threading.Event, finishing: threading.Event | None = None
    ) -> Mapping[TopicPartition, int]:
        """Dispatch until `stopping` or `finishing` is set. Return the offset up to which each partition is done.

        What is in flight has a moment to end once `stopping` is set, and any time if only `finishing` is set. Raises
        the error with which the member was disconnected.
        """
        finishing = finishing or stopping
        self._member = member
        self._disconnected = None
        self._revocation = None
        self._paused.clear()
        self._unreadable.clear()
        self._seeking.clear()
        while not (stopping.is_set() or finishing.is_set()):
            self._act(self._wait())
            self._raise_if_disconnected()
            self._give_up_revoked()
            if stopping.is_set() or finishing.is_set():  # since the wait: then no other batch is sent
                break
            self._dispatch()
            self._regulate()
            self._read_again()
            self._commit()
        self._finish_deliveries(stopping)
        self._wait_for_deliveries()
        return self._partitions.done()

    def assigned(
        self, offsets: Mapping[TopicPartition, int], uncommitted: Collection[TopicPartition] = ()
    ) -> dict[TopicPartition, int]:
        """Take partitions over, as in `Partitions.assign`. Return the offset to read each one from."""
        self._paused -= offsets.keys()
        self._seeking -= offsets.keys()
        for partition in self._unreadable.keys() & offsets.keys():
            del self._unreadable[partition]
        return self._partitions.assign(offsets, uncommitted)

    def revoke(self, partitions: Sequence[TopicPartition], given_up: Future[Mapping[TopicPartition, int]]) -> None:
        """Give partitions up soon. Then `given_up` gets the offsets up to which they are done."""
        self._revocation = _Revocation(
            partitions=partitions, given_up=given_up, deadline=time.monotonic() + _REVOKE_PATIENCE
        )

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        """Give partitions up that others may have already."""
        self._partitions.take_away(partitions)

    def skip_to(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Go on at these offsets, and forget what was read of the partitions."""
        for partition in self._partitions.skip_to(offsets):
            self._unreadable.pop(partition, None)
            self._seeking.add(partition)
            self._member.seek(partition, offsets[partition])

    def positions(self) -> Mapping[TopicPartition, int]:
        """Return the offset up to which each partition is done."""
        return self._partitions.done()

    def waiting(self, maximum: int) -> Sequence[KafkaRecord]:
        """Return the records that were read and wait for their first delivery, up to `maximum` of each partition."""
        return [record for each in self._partitions.queues for record in each.first(maximum)]

    def add(self, read: Sequence[KafkaRecord | PartitionFailure]) -> None:
        """Take records that were read, and failures to read."""
        now = time.monotonic()
        runs: Iterable[tuple[Any, Iterable[Any]]] = groupby(read, _KIND_AND_PARTITION)
        for (kind, partition), some in runs:
            if kind is PartitionFailure:
                for failure in some:
                    self._cannot_read(failure, now)
            elif not self._is_held(partition):
                self._take(partition, some, now)
        if self._reported or self._errors:
            self._forget_errors(read)

    def _take(self, partition: TopicPartition, records: Iterable[KafkaRecord], now: float) -> None:
        """Take records of a partition. One that cannot be read holds up nothing: it is the only one that is given up.

        They are taken together: a mapping does it for each record, and a call for each would cost more than the rest.
        """
        for record, error in self._partitions.add(partition, records, now):
            self._report(
                f"{partition}@{record.offset} is given up, since samrun cannot read it ({error}): please "
                "report this. The topic still has the record."
            )

    def _forget_errors(self, read: Sequence[KafkaRecord | PartitionFailure]) -> None:
        """Have an error reported again if it comes back after records were read."""
        for each in read:
            if isinstance(each, KafkaRecord) and not self._is_held(each.topic_partition):
                self._reported.pop(each.topic_partition, None)
                self._errors.clear()

    def _is_held(self, partition: TopicPartition) -> bool:
        """Tell whether records of a partition come from behind the place where it could not be read."""
        return partition in self._unreadable or partition in self._seeking

    def reads_again(self, partition: TopicPartition) -> None:
        """Accept records of a partition again: the member now reads it from its last `seek`."""
        self._seeking.discard(partition)

    def disconnect(self, reason: BaseException) -> None:
        """End `run` with an error."""
        self._disconnected = reason

    def report_once(self, error: str) -> None:
        """Report an error, unless it was reported since the last record was read."""
        if error in self._errors:
            return
        self._report(error)
        if len(self._errors) >= _MAX_ERRORS:
            self._errors.clear()
        self._errors.add(error)

    def committed(self, partitions: Sequence[TopicPartition]) -> None:
        """Note that a commit succeeded."""
        self._partitions.committed(partitions)
        self._commit_error = None

    def not_committed(self, partitions: Sequence[TopicPartition], error: str) -> None:
        """Note that a commit failed. A later one includes its offsets."""
        self._partitions.not_committed(partitions)
        if error != self._commit_error:
            self._report(f"{self._name} could not commit its offsets, retrying: {error}")
        self._commit_error = error

    def _wait(self) -> Action | None:
        due = self._batcher.next_due(self._partitions.queues)
        times = [] if due is None else [due]
        times += [retry for retry, _ in self._unreadable.values()]
        return self._next_action(min([_MAX_WAIT, *(each - time.monotonic() for each in times)]))

    def _next_action(self, patience: float) -> Action | None:
        try:
            return self._inbox.get(timeout=patience) if patience > 0 else self._inbox.get_nowait()
        except queue.Empty:
            return None

    def _act(self, action: Action | None) -> None:
        """Act on what happened, but not for so long that nothing is dispatched while records come without end."""
        for _ in range(_MAX_ACTIONS):
            if action is None:
                return
            action()
            action = None if self._inbox.empty() else self._inbox.get_nowait()
        if action:
            action()

    def _raise_if_disconnected(self) -> None:
        if self._disconnected:
            self._partitions.take_all_away()
            raise self._disconnected

    def _dispatch(self) -> None:
        if self._revocation:
            return
        for delivery in self._batcher.due(self._partitions.queues, time.monotonic()):
            self._executor.submit(self._deliver, delivery)

    def _deliver(self, delivery: Delivery) -> None:
        """Process a delivery, in a thread of its own, and post its result."""
        try:
            result = self._processor.process(delivery)
        except BaseException as error:
            self.post(partial(self.disconnect, error))
            raise
        self.post(partial(self._partitions.finish, delivery, result))

    def _regulate(self) -> None:
        """Pause the partitions of which enough waits, and resume those of which little does."""
        # Not often: librdkafka forgets what it has fetched of a partition that is paused, and fetches it again later.
        enough = max(2 * self._batcher.batch_size, _ENOUGH)
        self.waiting_count = sum(each.count for each in self._partitions.queues)
        for each in self._partitions.queues:
            if each.partition in self._paused:
                if each.count <= enough // 2 and each.size <= ROOM:
                    self._paused.remove(each.partition)
                    self._member.resume(each.partition)
            elif each.count > enough or each.size > 2 * ROOM:
                self._paused.add(each.partition)
                self._member.pause(each.partition)

    def _commit(self) -> None:
        if offsets := self._partitions.take_uncommitted():
            self._member.commit(offsets)

    def _give_up_revoked(self) -> None:
        revoked = self._revocation
        if revoked and (not self._partitions.in_flight(revoked.partitions) or time.monotonic() > revoked.deadline):
            done = self._partitions.done(revoked.partitions)
            self._partitions.take_away(revoked.partitions)
            self._revocation = None
            revoked.given_up.set_result(done)

    def _finish_deliveries(self, stopping: threading.Event) -> None:
        """Wait for what is in flight, whatever time it takes, but no longer than until `stopping` is set."""
        while self._partitions.in_flight() and not stopping.is_set():
            self._act(self._next_action(_MAX_WAIT))
            self._raise_if_disconnected()
            self._give_up_revoked()
            self._regulate()
            self._commit()

    def _wait_for_deliveries(self) -> None:
        """Wait a moment for what is in flight."""
        deadline = time.monotonic() + _STOP_PATIENCE
        while self._partitions.in_flight() and (left := deadline - time.monotonic()) > 0:
            try:
                self._inbox.get(timeout=left)()
            except queue.Empty:
                return

    def _cannot_read(self, failure: PartitionFailure, now: float) -> None:
        """Report once what a user can do about a partition that cannot be read, and try again later.

        librdkafka goes on behind a batch that it cannot decode. Nothing of that is taken: it would be lost.
        """
        waiting = self._partitions.get(failure.topic_partition)
        if waiting is None:
            return
        offset = waiting.next_offset
        if failure.error.code() == KafkaError._AUTO_OFFSET_RESET:
            text = f"{failure.topic_partition} has no record {offset} any more: reading it from its first record"
            waiting.next_offset = 0
            self._unreadable[failure.topic_partition] = now, OFFSET_BEGINNING
        else:
            text = (
                f"{failure.topic_partition}@{offset} cannot be read, retrying: {with_remedy(failure.error)}. "
                "The other partitions go on."
            )
            self._unreadable[failure.topic_partition] = now + _RETRY_READING, offset
        if self._reported.get(failure.topic_partition) != text:
            self._reported[failure.topic_partition] = text
            self._report(text)

    def _read_again(self) -> None:
        now = time.monotonic()
        for partition, (due, offset) in list(self._unreadable.items()):
            if due <= now:
                del self._unreadable[partition]
                if self._partitions.get(partition):
                    self._seeking.add(partition)
                    self._member.seek(partition, offset)
