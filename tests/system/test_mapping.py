"""The mapping's poller on a real broker, with a function that does as the test says."""

import asyncio
import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from local import java, kafka, ports
from local.invoker import PAYLOAD_LIMIT, Answer, PayloadTooLargeError
from local.mapping import waiting as waiting_module
from local.mapping.destination import DestinationError
from local.mapping.discarded import Discarded
from local.mapping.poller import MappingError, Poller
from local.model import KafkaMapping
from tests.system.running import RunningStack, eventually

pytestmark = pytest.mark.xdist_group("shared-stack")

# Seconds in which a poller that was told to stop has to be gone, whatever it waits for.
PROMPTLY = 5.0
BUCKET, NOWHERE = "arn:aws:s3:::bucket", "arn:aws:s3:::nowhere"

Offsets = dict[str, list[int]]
Reaction = Callable[[Offsets], bytes]
Login = Callable[[], dict[str, Any]]


class Function:
    """Stands for the mapping's function: keeps what it got, and answers by `reacts`, or fails where that raises."""

    def __init__(self, executor: ThreadPoolExecutor, reacts: Reaction) -> None:
        self.payloads: list[bytes] = []
        self._executor = executor
        self._reacts = reacts

    def invoke(self, _name: str, payload: bytes) -> Future[Answer]:
        return self._executor.submit(self._answer, payload)

    def _answer(self, payload: bytes) -> Answer:
        self.payloads.append(payload)
        try:
            return Answer(request_id="r", payload=self._reacts(offsets(payload)))
        except ValueError as error:
            failure = {"errorType": "ValueError", "errorMessage": str(error)}
            return Answer(request_id="r", payload=json.dumps(failure).encode(), function_error="Unhandled")

    def batches(self) -> list[Offsets]:
        return [offsets(payload) for payload in self.payloads]

    def delivered(self, partition: int = 0) -> list[int]:
        """Return the offsets of one partition in the order in which they came, repeats too."""
        return [
            offset
            for batch in self.batches()
            for name, found in batch.items()
            if name.endswith(f"-{partition}")
            for offset in found
        ]


def offsets(payload: bytes) -> Offsets:
    """Return the offsets in an event, by `topic-partition`."""
    return {name: [each["offset"] for each in records] for name, records in json.loads(payload)["records"].items()}


def is_content(_offsets: Offsets) -> bytes:
    return b"null"


def dies_of(*poison: tuple[str, int]) -> Reaction:
    """Return a function that fails as a whole if one of these records, by partition and offset, is in its batch."""

    def react(batch: Offsets) -> bytes:
        if any(offset in batch.get(name, []) for name, offset in poison):
            raise ValueError("poison")
        return b"null"

    return react


def failures(*failed: tuple[str, int]) -> bytes:
    identifiers = [{"itemIdentifier": {"partition": name, "offset": offset}} for name, offset in failed]
    return json.dumps({"batchItemFailures": identifiers}).encode()


class Running:
    """A poller in a thread of its own, its function, and what it reported."""

    def __init__(
        self, executor: ThreadPoolExecutor, mapping: KafkaMapping, bootstrap: str, reacts: Reaction, login: Login
    ) -> None:
        self.function = Function(executor, reacts)
        self.reports: list[str] = []
        self.kept: list[Discarded] = []
        self.poller = Poller(
            mapping=mapping,
            bootstrap=bootstrap,
            invoke=self.function.invoke,
            report=self.reports.append,
            keep=self._keep if mapping.on_failure else None,
            login=login,
        )
        self.run = executor.submit(self.poller.run)

    def _keep(self, discarded: Discarded) -> str:
        self.kept.append(discarded)
        if self.poller.mapping.on_failure == NOWHERE:
            raise DestinationError("no such bucket")
        return "a safe place"

    def given_up(self) -> list[tuple[str, Offsets, int]]:
        """Return the condition, the offsets and the tries of each batch that was given up."""
        return [(each.condition, offsets(each.payload.encode()), each.tries) for each in self.kept]

    def stop(self) -> None:
        """Stop it, and fail if it does not end promptly or ended with an error."""
        self.poller.stop()
        self.run.result(timeout=PROMPTLY)

    def wait_for(self, count: int, *, partition: int = 0) -> list[int]:
        """Wait until so many records of a partition came; return their offsets."""
        eventually(lambda: len(self.function.delivered(partition)) >= count, what=f"{count} records", patience=30)
        return self.function.delivered(partition)

    def wait_for_report(self, text: str) -> None:
        eventually(lambda: any(text in line for line in self.reports), what=f"a report of {text!r}", patience=30)


class Broker:
    """A broker that a test may stop and start again, on the same port and data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = ports.claim("kafka", 0)
        self.bootstrap = f"{ports.LOOPBACK}:{self._port}"
        self._runner = asyncio.Runner()
        self.start()

    def start(self) -> None:
        self._runner.run(self._start())

    async def _start(self) -> None:
        class_paths = await java.class_paths(
            [kafka.PROGRAM], remembered=Path(sys.prefix, "java-programs.json"), progress=print
        )
        self._process = await kafka.start(
            port=self._port,
            controller_port=ports.claim("controller", 0),
            container_port=None,
            class_path=class_paths[kafka.PROGRAM],
            data=self._folder / "data",
            logs=self._folder / "logs",
        )
        await kafka.ready(self.bootstrap)

    def stop(self) -> None:
        self._runner.run(self._process.stop())

    def close(self) -> None:
        self.stop()
        self._runner.close()


class Topic:
    """A topic of its own for each test, and the pollers on it."""

    def __init__(self, bootstrap: str, *, partitions: int = 2) -> None:
        self.bootstrap = bootstrap
        self.name = f"mapping-{uuid.uuid4().hex[:12]}"
        self._executor = ThreadPoolExecutor(max_workers=16)
        self._running: list[Running] = []
        kafka.create_topics(bootstrap, [self.name], partitions=partitions)

    def produce(
        self, count: int = 1, *, partition: int = 0, timestamps: Sequence[int | None] = (), **options: Any
    ) -> None:
        """Produce records without looking at `count` where there are `timestamps`, in milliseconds."""
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=20, **options)
        for timestamp in timestamps or [None] * count:
            producer.send(self.name, b"value", key=b"key", partition=partition, timestamp_ms=timestamp)
        producer.flush()
        producer.close()

    def poll(
        self, reacts: Reaction = is_content, *, bootstrap: str | None = None, login: Login = dict, **options: Any
    ) -> Running:
        """Start a poller, at another listener if `bootstrap` is given; `options` are fields of its mapping."""
        settings: dict[str, Any] = {
            "logical_id": "Mapping",
            "function": "Fn",
            "function_arn": "arn:aws:lambda:us-east-1:123456789012:function:Fn",
            "topic": self.name,
            "consumer_group": f"group-of-{self.name}",
            "event_source_arn": None,
            "batch_size": 100,
            "window": 0.0,
            "starting_position": "TRIM_HORIZON",
            "starting_timestamp": None,
            "partial_answers": True,
        }
        mapping = KafkaMapping(**settings | options)
        running = Running(self._executor, mapping, bootstrap or self.bootstrap, reacts, login)
        self._running.append(running)
        return running

    def committed(self, group: str | None = None) -> dict[int, int]:
        """Return the committed offset of each partition that has one."""
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            group = group or f"group-of-{self.name}"
            found = admin.list_group_offsets([group])[group]
        finally:
            admin.close()
        return {partition.partition: int(each.offset) for partition, each in found.items() if each.offset >= 0}

    def wait_for_commit(self, committed: dict[int, int]) -> None:
        eventually(lambda: self.committed() == committed, what=f"{committed} to be committed", patience=30)

    def close(self) -> None:
        for running in self._running:
            running.poller.stop()
        self._executor.shutdown()
        self._running.clear()


@pytest.fixture
def topic(shared: RunningStack) -> Iterator[Topic]:
    topic = Topic(shared.endpoints["kafka"])
    yield topic
    topic.close()


def test_batches_are_no_larger_than_the_batch_size_and_keep_the_order(topic: Topic) -> None:
    topic.produce(25)
    running = topic.poll(batch_size=10)
    assert running.wait_for(25) == list(range(25))
    running.stop()
    sizes = [len(batch[f"{topic.name}-0"]) for batch in running.function.batches()]
    assert max(sizes) == 10
    assert topic.committed() == {0: 25, 1: 0}


def test_one_batch_can_hold_several_partitions(topic: Topic) -> None:
    running = topic.poll(window=300, batch_size=4)
    topic.produce(2, partition=0)
    topic.produce(2, partition=1)
    running.wait_for(2)
    assert running.function.batches() == [{f"{topic.name}-0": [0, 1], f"{topic.name}-1": [0, 1]}]
    topic.wait_for_commit({0: 2, 1: 2})


def test_a_window_gathers_what_comes_and_closes(topic: Topic) -> None:
    running = topic.poll(window=3.0)
    topic.produce(1)
    topic.produce(1)
    topic.produce(1, partition=1)
    running.wait_for(2)
    assert running.function.batches() == [{f"{topic.name}-0": [0, 1], f"{topic.name}-1": [0]}]


def test_a_full_batch_does_not_wait_for_its_window(topic: Topic) -> None:
    running = topic.poll(window=300, batch_size=3)
    topic.produce(7)
    assert running.wait_for(6) == [0, 1, 2, 3, 4, 5]


def test_without_a_window_what_is_there_is_sent(topic: Topic) -> None:
    running = topic.poll(batch_size=100)
    for count in (1, 2, 3):
        topic.produce(1)
        running.wait_for(count)
    assert [sum(map(len, batch.values())) for batch in running.function.batches()] == [1, 1, 1]


def test_latest_begins_with_what_comes_after_the_start(topic: Topic) -> None:
    topic.produce(3)
    running = topic.poll(starting_position="LATEST")
    topic.wait_for_commit({0: 3, 1: 0})
    topic.produce(2)
    assert running.wait_for(2) == [3, 4]


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
    running = topic.poll(starting_position="AT_TIMESTAMP", starting_timestamp=(hour_ago + 1000) / 1000)
    assert running.wait_for(2) == [1, 2]
    topic.wait_for_commit({0: 3, 1: 1})
    topic.produce(1, partition=1)
    assert running.wait_for(1, partition=1) == [1], "there was no record of that time: what comes from now on"


@pytest.mark.parametrize("position", ["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"])
def test_the_starting_position_is_ignored_where_offsets_are_committed(topic: Topic, position: str) -> None:
    topic.produce(3)
    first = topic.poll()
    first.wait_for(3)
    first.stop()
    topic.produce(2)
    assert topic.poll(starting_position=position, starting_timestamp=0.0).wait_for(2) == [3, 4]


def test_a_partition_that_was_held_goes_on_behind_its_batch(topic: Topic) -> None:
    topic.produce(30, partition=1)
    mended = threading.Event()

    def react(batch: Offsets) -> bytes:
        is_held = f"{topic.name}-1" in batch and not mended.is_set()
        return failures((f"{topic.name}-1", 0)) if is_held else b"null"

    running = topic.poll(react, batch_size=10)
    running.wait_for(10, partition=1)
    topic.produce(30, partition=0)
    running.wait_for(30, partition=0)
    mended.set()
    topic.wait_for_commit({0: 30, 1: 30})
    assert set(running.function.delivered(1)) == set(range(30))


def test_another_group_is_independent(topic: Topic) -> None:
    topic.produce(3)
    one, other = topic.poll(), topic.poll(consumer_group=f"other-{topic.name}")
    assert one.wait_for(3) == other.wait_for(3) == [0, 1, 2]


def test_a_function_error_brings_the_whole_batch_again_identical_and_commits_nothing(topic: Topic) -> None:
    topic.produce(3)
    mended = threading.Event()

    def react(_: Offsets) -> bytes:
        if not mended.is_set():
            raise ValueError("ada@example.com cannot be reached")
        return b"null"

    running = topic.poll(react, partial_answers=False)
    eventually(lambda: len(running.function.payloads) >= 3, what="two retries")
    assert topic.committed() == {0: 0, 1: 0}
    topic.produce(2)
    mended.set()
    topic.wait_for_commit({0: 5, 1: 0})
    delivered = running.function.delivered()
    assert delivered[-5:] == [0, 1, 2, 3, 4], "what came meanwhile waits for the batch that failed"
    assert len({payload for payload in running.function.payloads if 0 in offsets(payload)[f"{topic.name}-0"]}) == 1
    running.wait_for_report("Fn failed (ValueError)")
    assert not [line for line in running.reports if "@example.com" in line]


def test_a_batch_whose_tries_ran_out_is_kept_and_the_mapping_goes_on(topic: Topic) -> None:
    name = f"{topic.name}-0"
    topic.produce(3)
    running = topic.poll(dies_of((name, 1)), maximum_retries=2, on_failure=BUCKET)
    topic.wait_for_commit({0: 3, 1: 0})
    assert running.function.delivered() == [0, 1, 2] * 3
    assert running.given_up() == [("RetryAttemptsExhausted", {name: [0, 1, 2]}, 3)]
    [kept] = running.kept
    assert kept.answer
    assert kept.answer.function_error == "Unhandled"
    running.wait_for_report("(3 records) is passed over, and kept in a safe place: RetryAttemptsExhausted")
    topic.produce(1)
    assert running.wait_for(10)[-1] == 3


def test_without_retries_one_try_is_all(topic: Topic) -> None:
    topic.produce(2)
    running = topic.poll(dies_of((f"{topic.name}-0", 0)), maximum_retries=0)
    topic.wait_for_commit({0: 2, 1: 0})
    assert running.function.delivered() == [0, 1]
    running.wait_for_report("is passed over and lost, since the mapping has no destination")


def test_what_the_destination_does_not_take_is_lost_and_told(topic: Topic) -> None:
    topic.produce(1)
    running = topic.poll(dies_of((f"{topic.name}-0", 0)), maximum_retries=0, on_failure=NOWHERE)
    topic.wait_for_commit({0: 1, 1: 0})
    running.wait_for_report("lost, as it would be in Lambda: no such bucket")


def test_bisecting_leaves_nothing_behind_but_the_bad_records_and_keeps_the_order(topic: Topic) -> None:
    name, done = f"{topic.name}-0", list[int]()
    poisoned = dies_of((name, 5), (name, 12))

    def react(batch: Offsets) -> bytes:
        answer = poisoned(batch)
        done.extend(batch[name])
        return answer

    topic.produce(16)
    running = topic.poll(react, bisect=True, maximum_retries=6, on_failure=BUCKET, window=1.0)
    topic.wait_for_commit({0: 16, 1: 0})
    assert done == [offset for offset in range(16) if offset not in (5, 12)]
    assert running.given_up() == [
        ("RetryAttemptsExhausted", {name: [5]}, 7),
        ("RetryAttemptsExhausted", {name: [12]}, 7),
    ]


def test_a_split_counts_as_a_try_of_both_halves(topic: Topic) -> None:
    name = f"{topic.name}-0"
    topic.produce(4)
    running = topic.poll(dies_of((name, 0)), bisect=True, maximum_retries=1, on_failure=BUCKET, window=1.0)
    topic.wait_for_commit({0: 4, 1: 0})
    assert running.given_up() == [("RetryAttemptsExhausted", {name: [0, 1]}, 2)]
    assert running.function.batches() == [{name: [0, 1, 2, 3]}, {name: [0, 1]}, {name: [2, 3]}]


def test_bisecting_parts_partitions_so_that_none_waits_for_another(topic: Topic) -> None:
    first, second = f"{topic.name}-0", f"{topic.name}-1"
    topic.produce(2)
    topic.produce(2, partition=1)
    running = topic.poll(dies_of((first, 0)), bisect=True, window=1.0)
    topic.wait_for_commit({0: 0, 1: 2})
    running.stop()
    batches = running.function.batches()
    assert {second: [0, 1]} in batches
    assert {first: [1]} not in batches, "the second half of a partition waits for the first"
    assert {first: [0]} in batches or {first: [0, 1]} in batches


def test_a_partial_answer_is_not_halved_and_its_tries_are_counted(topic: Topic) -> None:
    name = f"{topic.name}-0"
    topic.produce(4)
    running = topic.poll(
        lambda batch: failures((name, 1)) if 1 in batch[name] else b"null",
        bisect=True,
        maximum_retries=2,
        on_failure=BUCKET,
        window=1.0,
    )
    topic.wait_for_commit({0: 4, 1: 0})
    assert running.function.batches() == [{name: [0, 1, 2, 3]}, {name: [1, 2, 3]}, {name: [1, 2, 3]}]
    assert running.given_up() == [("RetryAttemptsExhausted", {name: [1, 2, 3]}, 3)]


def test_records_that_are_too_old_are_given_up_before_they_are_sent(topic: Topic) -> None:
    name, now = f"{topic.name}-0", int(time.time() * 1000)
    topic.produce(timestamps=[now - 120_000, now, now - 120_000])
    running = topic.poll(maximum_age=60, on_failure=BUCKET, window=1.0)
    topic.wait_for_commit({0: 3, 1: 0})
    assert running.function.delivered() == [1]
    assert running.given_up() == [("RecordAgeExceeded", {name: [0, 2]}, 0)]
    assert running.kept[0].answer is None


def test_records_grow_too_old_while_they_are_tried(topic: Topic) -> None:
    name = f"{topic.name}-0"
    topic.produce(timestamps=[int((time.time() - 57) * 1000)])
    running = topic.poll(dies_of((name, 0)), maximum_age=60, on_failure=BUCKET)
    topic.wait_for_commit({0: 1, 1: 0})
    [(condition, batch, tries)] = running.given_up()
    assert (condition, batch) == ("RecordAgeExceeded", {name: [0]})
    assert tries == len(running.function.payloads) >= 2
    assert running.kept[0].answer


def test_the_back_off_grows_while_nothing_gets_better(topic: Topic) -> None:
    topic.produce(2)
    running = topic.poll(lambda batch: failures(*((name, found[0]) for name, found in batch.items())))
    running.wait_for_report("again in 0.8 s")
    assert [line.rpartition("again in ")[2] for line in running.reports if "again in" in line][:3] == [
        "0.2 s",
        "0.4 s",
        "0.8 s",
    ]


def test_a_partial_answer_brings_its_partition_again_while_the_others_go_on(
    topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_module, "_FIRST_BACK_OFF", 2.0)
    name, failed_once = f"{topic.name}-0", threading.Event()

    def react(batch: Offsets) -> bytes:
        if 2 in batch.get(name, []) and not failed_once.is_set():
            failed_once.set()
            return failures((name, 3), (name, 2))
        return b"{}"

    topic.produce(4)
    running = topic.poll(react)
    assert failed_once.wait(30)
    topic.wait_for_commit({0: 2, 1: 0})
    topic.produce(2)  # to the partition that is held
    topic.produce(2, partition=1)
    assert running.wait_for(2, partition=1) == [0, 1]
    assert running.function.delivered() == [0, 1, 2, 3], "held until its time has come"
    assert running.wait_for(8) == [0, 1, 2, 3, 2, 3, 4, 5]
    topic.wait_for_commit({0: 6, 1: 2})


def test_a_partition_that_was_held_goes_on_after_others_were_read(topic: Topic) -> None:
    """kafka-python forgets a partition that is paused with records in hand, once it has read another one."""
    mended = threading.Event()

    def react(batch: Offsets) -> bytes:
        return b"null" if mended.is_set() or f"{topic.name}-1" in batch else failures((f"{topic.name}-0", 5))

    topic.produce(30)
    running = topic.poll(react, batch_size=10)
    running.wait_for_report("again")
    topic.produce(1, partition=1)
    running.wait_for(1, partition=1)
    mended.set()
    topic.wait_for_commit({0: 30, 1: 1})
    assert sorted(set(running.function.delivered())) == list(range(30))


def test_a_window_does_not_hold_up_a_retry(topic: Topic) -> None:
    name, first = f"{topic.name}-0", threading.Event()

    def react(batch: Offsets) -> bytes:
        if not first.is_set():
            first.set()
            return failures((name, batch[name][-1]))
        return b"null"

    running = topic.poll(react, window=300, batch_size=2)
    topic.produce(2)
    assert first.wait(30)
    topic.produce(1, partition=1)  # opens a window of 300 s
    assert running.wait_for(3) == [0, 1, 1]
    assert running.function.delivered(partition=1) == []


def test_a_partial_answer_counts_only_where_the_mapping_asks_for_it(topic: Topic) -> None:
    topic.produce(3)
    running = topic.poll(lambda batch: failures((f"{topic.name}-0", 0)), partial_answers=False)
    running.wait_for(3)
    topic.wait_for_commit({0: 3, 1: 0})


def test_a_malformed_answer_brings_the_whole_batch_again_and_is_told(topic: Topic) -> None:
    answers = iter([b'{"batchItemFailures": [{"itemIdentifier": "some-id"}]}', b'"ok"', failures((topic.name, 1))])
    topic.produce(2)
    running = topic.poll(lambda _: next(answers, b"null"))
    assert running.wait_for(8) == [0, 1] * 4
    topic.wait_for_commit({0: 2, 1: 0})
    told = [line for line in running.reports if "cannot read" in line]
    assert len(told) == 3
    assert "is a string, as SQS has it" in told[0]


def test_a_second_poller_of_the_group_gets_only_what_is_not_done(topic: Topic) -> None:
    name = f"{topic.name}-0"
    topic.produce(5)
    topic.produce(2, partition=1)
    running = topic.poll(lambda batch: failures((name, 3)) if name in batch else b"null")
    running.wait_for(5)
    topic.wait_for_commit({0: 3, 1: 2})
    running.stop()
    second = topic.poll()
    assert second.wait_for(2) == [3, 4]
    assert second.function.delivered(partition=1) == []


def test_stopping_does_not_wait_for_an_invocation_and_commits_nothing_of_it(topic: Topic) -> None:
    topic.produce(2)
    goes_on = threading.Event()

    def react(_: Offsets) -> bytes:
        goes_on.wait(60)
        return b"null"

    running = topic.poll(react)
    running.wait_for(2)
    running.stop()
    assert topic.committed() == {0: 0, 1: 0}
    goes_on.set()
    assert topic.poll().wait_for(2) == [0, 1]


def test_an_invocation_that_ends_as_the_poller_stops_is_done(topic: Topic) -> None:
    topic.produce(2)
    stopping = threading.Event()

    def react(_: Offsets) -> bytes:
        stopping.wait(30)
        return b"null"

    running = topic.poll(react)
    running.wait_for(2)
    running.poller.stop()
    stopping.set()
    running.stop()
    assert topic.committed() == {0: 2, 1: 0}


def test_stopping_does_not_wait_for_a_window(topic: Topic) -> None:
    topic.produce(1)
    running = topic.poll(window=300)
    topic.wait_for_commit({0: 0, 1: 0})
    eventually(lambda: running.poller._gathering.closes, what="the window to open")
    running.stop()
    assert running.function.payloads == []
    assert topic.committed() == {0: 0, 1: 0}


def test_stopping_does_not_wait_for_a_back_off(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_module, "_FIRST_BACK_OFF", 300)
    monkeypatch.setattr(waiting_module, "_LONGEST_BACK_OFF", 300)
    topic.produce(2)
    running = topic.poll(lambda _: failures((f"{topic.name}-0", 1)))
    running.wait_for_report("again in 300.0 s")
    running.stop()
    assert topic.committed() == {0: 1, 1: 0}


def test_records_too_large_for_one_event_come_in_several(topic: Topic) -> None:
    producer = KafkaProducer(bootstrap_servers=topic.bootstrap)
    for _ in range(7):
        producer.send(topic.name, bytes(900_000), partition=0)
    producer.flush()
    producer.close()
    running = topic.poll(window=2.0)
    assert running.wait_for(7) == list(range(7))
    sizes = [len(payload) for payload in running.function.payloads]
    assert len(sizes) == 2
    assert PAYLOAD_LIMIT - 1_300_000 < sizes[0] <= PAYLOAD_LIMIT
    topic.wait_for_commit({0: 7, 1: 0})


def test_a_record_that_no_event_can_hold_is_passed_over_and_told(topic: Topic) -> None:
    def react(batch: Offsets) -> bytes:
        if batch == {f"{topic.name}-0": [1]}:
            raise PayloadTooLargeError("too large")
        return b"null"

    topic.produce(3)
    running = topic.poll(react, batch_size=1, on_failure=BUCKET)
    assert running.wait_for(3) == [0, 1, 2]
    running.wait_for_report(f"{topic.name}-0@1 (1 record) is passed over")
    topic.wait_for_commit({0: 3, 1: 0})
    assert running.given_up() == [("MaximumPayloadSizeExceeded", {f"{topic.name}-0": [1]}, 0)]
    assert running.kept[0].answer is None


def test_compressed_records_are_counted_one_by_one(topic: Topic) -> None:
    topic.produce(10, compression_type="gzip")
    running = topic.poll(batch_size=4)
    assert running.wait_for(10) == list(range(10))
    running.stop()
    topic.produce(5, compression_type="gzip")
    again = topic.poll(lambda batch: failures((f"{topic.name}-0", 12)) if 11 in batch[f"{topic.name}-0"] else b"null")
    assert again.wait_for(8) == [10, 11, 12, 13, 14, 12, 13, 14]


def test_the_marks_of_transactions_are_no_records_and_nothing_comes_twice(topic: Topic) -> None:
    producer = KafkaProducer(bootstrap_servers=topic.bootstrap, transactional_id=topic.name)
    producer.init_transactions()
    for _ in range(2):
        producer.begin_transaction()
        producer.send(topic.name, b"value", partition=0)
        producer.send(topic.name, b"value", partition=0)
        producer.commit_transaction()
    producer.close()
    running = topic.poll(batch_size=3)
    assert running.wait_for(4) == [0, 1, 3, 4]
    running.stop()
    second = topic.poll()
    topic.produce(1)
    assert second.wait_for(1) == [6]


def test_what_could_not_be_committed_is_committed_later(topic: Topic) -> None:
    topic.produce(2)
    group = f"group-of-{topic.name}"
    # Kafka lets nobody but its members commit for a group that has any.
    member = KafkaConsumer(topic.name, bootstrap_servers=topic.bootstrap, group_id=group, enable_auto_commit=False)
    eventually(lambda: member.poll(timeout_ms=100) or member.assignment(), what="the member to join")
    running = topic.poll()
    running.wait_for_report("Kafka: ")
    assert running.wait_for(2) == [0, 1]
    assert topic.committed() == {}
    member.close()
    topic.wait_for_commit({0: 2, 1: 0})
    running.stop()
    assert running.function.delivered() == [0, 1]
    assert len([line for line in running.reports if line.startswith("Kafka: ")]) == 1, "told once, not ever again"


def test_offsets_that_are_gone_bring_everything_that_is_there(topic: Topic) -> None:
    topic.produce(2)
    consumer = KafkaConsumer(bootstrap_servers=topic.bootstrap, group_id=f"group-of-{topic.name}")
    partition = TopicPartition(topic.name, 0)
    consumer.assign([partition])
    consumer.seek(partition, 500)
    consumer.commit()
    consumer.close()
    assert topic.poll().wait_for(2) == [0, 1]


def test_a_topic_that_does_not_exist_is_an_error_that_names_it(topic: Topic) -> None:
    running = topic.poll(topic="no-such-topic")
    with pytest.raises(MappingError, match="Mapping reads the topic no-such-topic, which does not exist"):
        running.run.result(timeout=30)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    try:
        yield broker
    finally:
        broker.close()


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

    running = topic.poll(react)
    topic.produce(2)
    running.wait_for(2)
    broker.stop()
    goes_on.set()
    running.wait_for_report("Kafka: ")
    broker.start()
    topic.produce(2)
    assert running.wait_for(4) == [0, 1, 2, 3]
    running.stop()
    topic.produce(1)
    assert topic.poll().wait_for(1) == [4], "nothing is lost, and nothing comes twice"
