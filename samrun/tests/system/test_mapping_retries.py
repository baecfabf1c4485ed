"""The mapping's poller after errors, on a real broker: retries, bisecting, partial responses, discarded batches."""

import threading
import time

import pytest

from samrun.functions import back_off
from samrun.functions.invoker import PayloadTooLargeError
from samrun.template.model.kafka_mappings import Redeliver
from samrun.testing.waiting import eventually
from support.polled_topic import BUCKET, NOWHERE, Offsets, Topic, dies_of, failures, offsets

pytestmark = pytest.mark.xdist_group("shared-broker")


def test_function_error_retries_the_whole_batch_unchanged_and_commits_nothing(topic: Topic) -> None:
    topic.produce(3)
    repaired = threading.Event()

    def react(_: Offsets) -> bytes:
        if not repaired.is_set():
            raise ValueError("ada@example.com cannot be reached")
        return b"null"

    poller = topic.poll(react, report_batch_item_failures=False)
    eventually(lambda: len(poller.function.payloads) >= 3, what="two retries")
    assert topic.committed() == {0: 0, 1: 0}
    topic.produce(2)
    repaired.set()
    topic.wait_for_commit({0: 5, 1: 0})
    delivered = poller.function.delivered()
    assert delivered[-5:] == [0, 1, 2, 3, 4], "what came meanwhile waits for the batch that failed"
    assert len({payload for payload in poller.function.payloads if 0 in offsets(payload)[f"{topic.name}-0"]}) == 1
    poller.wait_for_report("Fn failed (ValueError)")
    assert not [line for line in poller.reports if "@example.com" in line]


def test_a_batch_without_attempts_left_is_discarded_and_the_mapping_goes_on(topic: Topic) -> None:
    name = f"{topic.name}-0"
    topic.produce(3)
    poller = topic.poll(dies_of((name, 1)), maximum_retries=2, on_failure=BUCKET)
    topic.wait_for_commit({0: 3, 1: 0})
    assert poller.function.delivered() == [0, 1, 2] * 3
    assert poller.discarded_batches() == [("RetryAttemptsExhausted", {name: [0, 1, 2]}, 3)]
    [discarded] = poller.discarded
    assert discarded.last_result
    assert discarded.last_result.function_error == "Unhandled"
    poller.wait_for_report("(3 records) is discarded (RetryAttemptsExhausted) and sent to a safe place")
    topic.produce(1)
    assert poller.wait_for(10)[-1] == 3


def test_mapping_without_retries_makes_one_attempt(topic: Topic) -> None:
    topic.produce(2)
    poller = topic.poll(dies_of((f"{topic.name}-0", 0)), maximum_retries=0)
    topic.wait_for_commit({0: 2, 1: 0})
    assert poller.function.delivered() == [0, 1]
    poller.wait_for_report("is discarded (RetryAttemptsExhausted) and lost: the mapping has no on-failure destination")


def test_a_batch_that_the_destination_refuses_is_lost_and_reported(topic: Topic) -> None:
    topic.produce(1)
    poller = topic.poll(dies_of((f"{topic.name}-0", 0)), maximum_retries=0, on_failure=NOWHERE)
    topic.wait_for_commit({0: 1, 1: 0})
    poller.wait_for_report("lost, since its on-failure destination did not accept it: no such bucket.")
    assert not [line for line in poller.reports if "has no on-failure destination" in line]


def test_bisecting_leaves_nothing_behind_but_the_bad_records_and_keeps_the_order(topic: Topic) -> None:
    name, done = f"{topic.name}-0", list[int]()
    poisoned = dies_of((name, 5), (name, 12))

    def react(batch: Offsets) -> bytes:
        answer = poisoned(batch)
        done.extend(batch[name])
        return answer

    topic.produce(16)
    poller = topic.poll(react, bisect=True, maximum_retries=6, on_failure=BUCKET, window=1.0)
    topic.wait_for_commit({0: 16, 1: 0})
    assert done == [offset for offset in range(16) if offset not in (5, 12)]
    assert poller.discarded_batches() == [
        ("RetryAttemptsExhausted", {name: [5]}, 7),
        ("RetryAttemptsExhausted", {name: [12]}, 7),
    ]


def test_a_split_counts_as_an_attempt_of_both_halves(topic: Topic) -> None:
    name = f"{topic.name}-0"
    topic.produce(4)
    poller = topic.poll(dies_of((name, 0)), bisect=True, maximum_retries=1, on_failure=BUCKET, window=1.0)
    topic.wait_for_commit({0: 4, 1: 0})
    assert poller.discarded_batches() == [("RetryAttemptsExhausted", {name: [0, 1]}, 2)]
    assert poller.function.batches() == [{name: [0, 1, 2, 3]}, {name: [0, 1]}, {name: [2, 3]}]


def test_bisecting_parts_partitions_so_that_none_waits_for_another(topic: Topic) -> None:
    first, second = f"{topic.name}-0", f"{topic.name}-1"
    topic.produce(2)
    topic.produce(2, partition=1)
    poller = topic.poll(dies_of((first, 0)), bisect=True, window=1.0)
    topic.wait_for_commit({0: 0, 1: 2})
    poller.stop()
    batches = poller.function.batches()
    assert {second: [0, 1]} in batches
    assert {first: [1]} not in batches, "the second half of a partition waits for the first"
    assert {first: [0]} in batches or {first: [0, 1]} in batches


@pytest.mark.parametrize(
    ("redeliver", "retried"), [("failed", [1]), ("from-lowest", [1, 2, 3])], ids=["failed", "from-lowest"]
)
def test_a_partial_response_is_not_bisected_and_its_attempts_are_counted(
    topic: Topic, redeliver: Redeliver, retried: list[int]
) -> None:
    name = f"{topic.name}-0"
    topic.produce(4)
    poller = topic.poll(
        lambda batch: failures((name, 1)) if 1 in batch[name] else b"null",
        redeliver=redeliver,
        bisect=True,
        maximum_retries=2,
        on_failure=BUCKET,
        window=1.0,
    )
    topic.wait_for_commit({0: 4, 1: 0})
    assert poller.function.batches() == [{name: [0, 1, 2, 3]}, {name: retried}, {name: retried}]
    assert poller.discarded_batches() == [("RetryAttemptsExhausted", {name: [1]}, 3)]


def test_a_record_that_is_done_is_neither_retried_nor_discarded_with_its_neighbours(topic: Topic) -> None:
    name = f"{topic.name}-0"
    topic.produce(10)
    poller = topic.poll(
        lambda batch: failures(*((name, offset) for offset in batch[name] if offset in (2, 5))),
        maximum_retries=3,
        on_failure=BUCKET,
        window=1.0,
    )
    topic.wait_for_commit({0: 10, 1: 0})
    assert poller.function.batches() == [{name: list(range(10))}, *[{name: [2, 5]}] * 3]
    assert poller.discarded_batches() == [("RetryAttemptsExhausted", {name: [2, 5]}, 4)]


def test_records_that_are_too_old_are_discarded_before_they_are_sent(topic: Topic) -> None:
    name, now = f"{topic.name}-0", int(time.time() * 1000)
    topic.produce(timestamps=[now - 120_000, now, now - 120_000])
    poller = topic.poll(maximum_age=60, on_failure=BUCKET, window=1.0)
    topic.wait_for_commit({0: 3, 1: 0})
    assert poller.function.delivered() == [1]
    assert poller.discarded_batches() == [("RecordAgeExceeded", {name: [0, 2]}, 0)]
    assert poller.discarded[0].last_result is None


def test_records_grow_too_old_while_they_are_retried(topic: Topic) -> None:
    name = f"{topic.name}-0"
    topic.produce(timestamps=[int((time.time() - 57) * 1000)])
    poller = topic.poll(dies_of((name, 0)), maximum_age=60, on_failure=BUCKET)
    topic.wait_for_commit({0: 1, 1: 0})
    [(condition, batch, attempts)] = poller.discarded_batches()
    assert (condition, batch) == ("RecordAgeExceeded", {name: [0]})
    assert attempts == len(poller.function.payloads) >= 2
    assert poller.discarded[0].last_result


def test_the_back_off_grows_while_nothing_gets_better(topic: Topic) -> None:
    topic.produce(2)
    poller = topic.poll(lambda batch: failures(*((name, found[0]) for name, found in batch.items())))
    poller.wait_for_report("retry in 0.8 s")
    assert [line.rpartition("retry in ")[2] for line in poller.reports if "retry in" in line][:3] == [
        "0.2 s",
        "0.4 s",
        "0.8 s",
    ]


def test_a_partial_response_retries_its_partition_while_the_others_go_on(
    topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(back_off, "_FIRST", 2.0)
    name, failed_once = f"{topic.name}-0", threading.Event()

    def react(batch: Offsets) -> bytes:
        if 2 in batch.get(name, []) and not failed_once.is_set():
            failed_once.set()
            return failures((name, 3), (name, 2))
        return b"{}"

    topic.produce(4)
    poller = topic.poll(react)
    assert failed_once.wait(30)
    topic.wait_for_commit({0: 2, 1: 0})
    topic.produce(2)  # to the partition that is held
    topic.produce(2, partition=1)
    assert poller.wait_for(2, partition=1) == [0, 1]
    assert poller.function.delivered() == [0, 1, 2, 3], "held until its time has come"
    assert poller.wait_for(8) == [0, 1, 2, 3, 2, 3, 4, 5]
    topic.wait_for_commit({0: 6, 1: 2})


def test_a_partition_that_was_held_goes_on_behind_its_batch(topic: Topic) -> None:
    topic.produce(30, partition=1)
    repaired = threading.Event()

    def react(batch: Offsets) -> bytes:
        is_held = f"{topic.name}-1" in batch and not repaired.is_set()
        return failures((f"{topic.name}-1", 0)) if is_held else b"null"

    poller = topic.poll(react, batch_size=10)
    poller.wait_for(10, partition=1)
    topic.produce(30, partition=0)
    poller.wait_for(30, partition=0)
    repaired.set()
    topic.wait_for_commit({0: 30, 1: 30})
    assert set(poller.function.delivered(1)) == set(range(30))


def test_a_partition_that_was_held_goes_on_after_others_were_read(topic: Topic) -> None:
    """kafka-python forgets a partition that is paused with records in hand, once it has read another one."""
    repaired = threading.Event()

    def react(batch: Offsets) -> bytes:
        return b"null" if repaired.is_set() or f"{topic.name}-1" in batch else failures((f"{topic.name}-0", 5))

    topic.produce(30)
    poller = topic.poll(react, batch_size=10)
    poller.wait_for_report("retry in")
    topic.produce(1, partition=1)
    poller.wait_for(1, partition=1)
    repaired.set()
    topic.wait_for_commit({0: 30, 1: 1})
    assert sorted(set(poller.function.delivered())) == list(range(30))


def test_a_window_does_not_hold_up_a_retry(topic: Topic) -> None:
    name, first = f"{topic.name}-0", threading.Event()

    def react(batch: Offsets) -> bytes:
        if not first.is_set():
            first.set()
            return failures((name, batch[name][-1]))
        return b"null"

    poller = topic.poll(react, window=300, batch_size=2)
    topic.produce(2)
    assert first.wait(30)
    topic.produce(1, partition=1)  # opens a window of 300 s
    assert poller.wait_for(3) == [0, 1, 1]
    assert poller.function.delivered(partition=1) == []


def test_a_partial_response_counts_only_where_the_mapping_asks_for_it(topic: Topic) -> None:
    topic.produce(3)
    poller = topic.poll(lambda batch: failures((f"{topic.name}-0", 0)), report_batch_item_failures=False)
    poller.wait_for(3)
    topic.wait_for_commit({0: 3, 1: 0})


def test_a_malformed_response_is_reported_and_the_whole_batch_is_retried(topic: Topic) -> None:
    answers = iter([b'{"batchItemFailures": [{"itemIdentifier": "some-id"}]}', b'"ok"', failures((topic.name, 1))])
    topic.produce(2)
    poller = topic.poll(lambda _: next(answers, b"null"))
    assert poller.wait_for(8) == [0, 1] * 4
    topic.wait_for_commit({0: 2, 1: 0})
    reported = [line for line in poller.reports if "malformed partial batch response" in line]
    assert len(reported) == 3
    assert "is a string, as for SQS" in reported[0]


def test_a_record_that_no_event_can_hold_is_discarded_and_reported(topic: Topic) -> None:
    def react(batch: Offsets) -> bytes:
        if batch == {f"{topic.name}-0": [1]}:
            raise PayloadTooLargeError("too large")
        return b"null"

    topic.produce(3)
    poller = topic.poll(react, batch_size=1, on_failure=BUCKET)
    assert poller.wait_for(3) == [0, 1, 2]
    poller.wait_for_report(f"{topic.name}-0@1 (1 record) is discarded")
    topic.wait_for_commit({0: 3, 1: 0})
    assert poller.discarded_batches() == [("MaximumPayloadSizeExceeded", {f"{topic.name}-0": [1]}, 0)]
    assert poller.discarded[0].last_result is None
