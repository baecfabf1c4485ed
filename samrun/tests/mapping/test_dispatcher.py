"""Dispatcher: a partition that cannot be read waits, loses nothing, and is reported once."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, KafkaError

from samrun.mapping import dispatcher as module
from samrun.mapping.batch_processor import BatchProcessor
from samrun.mapping.batcher import Batcher
from samrun.mapping.dispatcher import Dispatcher
from samrun.mapping.group_member import PartitionFailure
from samrun.mapping.record_filter import RecordFilter
from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.testing.kafka_records import kafka_mapping, record
from samrun.testing.waiting import eventually
from support.fake_member import FakeMember
from support.polled_topic import Function, Offsets, is_content

BAD, GOOD = TopicPartition("t", 0), TopicPartition("t", 1)


class DispatcherThread:
    """A dispatcher in a thread of its own, with a function that is content with everything."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self.reports: list[str] = []
        self.member = FakeMember()
        self.function = Function(executor, is_content)
        self.stopping = threading.Event()
        self.dispatcher = Dispatcher(
            record_filter=RecordFilter(),
            batcher=Batcher(batch_size=10, window=0.0),
            processor=BatchProcessor(
                mapping=kafka_mapping(),
                bootstrap="b:1",
                invoke=self.function.invoke,
                report=lambda _: None,
                send_to_destination=None,
                redeliver="failed",
                stopping=self.stopping,
            ),
            executor=executor,
            report=self.reports.append,
            name="Mapping",
        )
        self.done = executor.submit(self.dispatcher.run, self.member, self.stopping)
        self.post(lambda: self.dispatcher.assigned({BAD: 5, GOOD: 0}))

    def post(self, action: Any) -> None:
        self.dispatcher.post(action)

    def read(self, *read: Any) -> None:
        self.post(lambda: self.dispatcher.add(list(read)))

    def wait_for_commit(self, offsets: dict[TopicPartition, int]) -> None:
        eventually(lambda: self.member.committed == offsets, what=f"{offsets} to be committed")


@pytest.fixture
def thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[DispatcherThread]:
    monkeypatch.setattr(module, "_RETRY_READING", 0.05)
    with ThreadPoolExecutor(8) as executor:
        thread = DispatcherThread(executor)
        yield thread
        thread.stopping.set()
        thread.dispatcher.wake()
        assert thread.done.result(10) == thread.member.committed


def test_records_behind_a_batch_that_cannot_be_decoded_wait_for_it(thread: DispatcherThread) -> None:
    failure = PartitionFailure(BAD, KafkaError(KafkaError._BAD_MSG))
    thread.read(record(5), failure, record(9), record(0, partition=1))
    thread.wait_for_commit({BAD: 6, GOOD: 1})
    eventually(lambda: thread.member.sought == [(BAD, 6)], what="the partition to be read again")
    # Until the partition is read from there, what comes is still from behind.
    thread.read(record(10), failure)
    eventually(lambda: thread.member.sought == [(BAD, 6)] * 2, what="the partition to be read again")
    thread.post(lambda: thread.dispatcher.reads_again(BAD))
    thread.read(failure, record(9))
    eventually(lambda: thread.member.sought == [(BAD, 6)] * 3, what="the partition to be read again")
    thread.post(lambda: thread.dispatcher.reads_again(BAD))
    thread.read(record(6), record(9))
    thread.wait_for_commit({BAD: 10, GOOD: 1})
    assert thread.function.delivered() == [5, 6, 9]
    [report] = thread.reports
    assert report.startswith("t-0@6 cannot be read, retrying: _BAD_MSG: ")
    assert report.endswith("The other partitions go on.")


def test_offset_that_is_gone_makes_the_partition_begin_with_its_first_record(thread: DispatcherThread) -> None:
    thread.read(PartitionFailure(BAD, KafkaError(KafkaError._AUTO_OFFSET_RESET)))
    eventually(lambda: thread.member.sought == [(BAD, OFFSET_BEGINNING)], what="the partition to be read again")
    thread.post(lambda: thread.dispatcher.reads_again(BAD))
    thread.read(record(2))
    thread.wait_for_commit({BAD: 3, GOOD: 0})
    assert thread.reports == ["t-0 has no record 5 any more: reading it from its first record"]


def test_records_behind_a_delivery_wait_and_are_named(thread: DispatcherThread) -> None:
    may_answer = threading.Event()

    def is_slow(_: Offsets) -> bytes:
        may_answer.wait(timeout=30)  # a test that fails ends, too
        return b"null"

    thread.function.reacts = is_slow
    thread.read(record(5))
    eventually(lambda: thread.function.delivered() == [5], what="the first record to be delivered")
    thread.read(record(6), record(7))
    eventually(lambda: thread.dispatcher.waiting_count == 2, what="the others to wait")
    named: Future[list[int]] = Future()
    thread.post(lambda: named.set_result([each.offset for each in thread.dispatcher.waiting(1)]))
    assert named.result(timeout=30) == [6]
    may_answer.set()
    thread.wait_for_commit({BAD: 8, GOOD: 0})
    eventually(lambda: thread.dispatcher.waiting_count == 0, what="nothing to wait")


class FilterThatFails(RecordFilter):
    """A filter that has an error, but only with one record."""

    def passes(self, record: KafkaRecord) -> bool:
        if record.value == b"strange":
            raise ZeroDivisionError("strange")
        return True


def test_record_that_cannot_be_filtered_is_given_up_alone(thread: DispatcherThread) -> None:
    thread.post(lambda: setattr(thread.dispatcher._partitions, "_filter", FilterThatFails()))
    thread.read(record(5), record(6, value=b"strange"), record(7))
    thread.wait_for_commit({BAD: 8, GOOD: 0})
    assert thread.function.delivered() == [5, 7]
    [report] = thread.reports
    assert report.startswith("t-0@6 is given up, since samrun cannot read it (ZeroDivisionError): ")


def test_error_of_a_commit_and_one_of_the_client_that_take_turns_are_said_once_each(thread: DispatcherThread) -> None:
    for _ in range(3):
        thread.post(lambda: thread.dispatcher.not_committed([BAD], "not allowed"))
        thread.post(lambda: thread.dispatcher.report_once("Kafka: not allowed"))
        thread.post(lambda: thread.dispatcher.report_once("Kafka: a broker is away"))
    commit = "Mapping could not commit its offsets, retrying: not allowed"
    thread.read(record(5), record(0, partition=1))
    thread.wait_for_commit({BAD: 6, GOOD: 1})
    assert thread.reports == [commit, "Kafka: not allowed", "Kafka: a broker is away"]


def test_error_that_comes_back_is_said_again(thread: DispatcherThread) -> None:
    thread.post(lambda: thread.dispatcher.report_once("Kafka: a broker is away"))
    thread.read(record(5), record(0, partition=1))
    thread.post(lambda: thread.dispatcher.report_once("Kafka: a broker is away"))
    thread.post(lambda: thread.dispatcher.not_committed([BAD], "not allowed"))
    thread.post(lambda: thread.dispatcher.committed([BAD]))
    thread.post(lambda: thread.dispatcher.not_committed([BAD], "not allowed"))
    eventually(lambda: len(thread.reports) == 4, what="both errors to be said twice")
    assert len(set(thread.reports)) == 2
    thread.wait_for_commit({BAD: 6, GOOD: 1})


def test_partition_that_skips_forgets_what_was_read_and_what_is_in_flight(thread: DispatcherThread) -> None:
    may_end = threading.Event()

    def waits(offsets: Offsets) -> bytes:
        may_end.wait(30)
        return is_content(offsets)

    thread.function.reacts = waits
    thread.read(record(5), record(0, partition=1))
    eventually(lambda: thread.function.delivered() == [5], what="the record to be delivered")
    thread.read(record(6))
    thread.post(lambda: thread.dispatcher.skip_to({BAD: 9, TopicPartition("other", 0): 3}))
    eventually(lambda: thread.member.sought == [(BAD, 9)], what="the partition to be read from there")
    thread.read(record(7), record(8))  # read before the member had moved
    thread.post(lambda: thread.dispatcher.reads_again(BAD))
    may_end.set()
    thread.read(record(9))
    thread.wait_for_commit({BAD: 10, GOOD: 1})
    assert thread.function.delivered() == [5, 9]
