from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier, Lock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.notify.notifying.batch import process_batch
from functions.notify.notifying.delivery import Result

Item = tuple[str | None, int]

FOUR = ThreadPoolExecutor(4)


@dataclass
class Worker:
    """Processes every item but those that fail."""

    failing: set[Item] = field(default_factory=set)
    seen: list[Item] = field(default_factory=list)

    def __call__(self, item: Item) -> Result:
        self.seen.append(item)
        return Result.RETRY if item in self.failing else Result.DONE


def key(item: Item) -> str | None:
    return item[0]


def test_a_batch_without_failures_returns_no_record() -> None:
    worker = Worker()
    assert process_batch([("a", 1), ("b", 2)], key=key, process=worker, threads=FOUR) == []
    assert sorted(worker.seen) == [("a", 1), ("b", 2)]


def test_an_empty_batch_returns_no_record() -> None:
    assert process_batch([], key=key, process=Worker(), threads=FOUR) == []


def test_a_key_group_stops_at_its_first_failure_and_the_others_continue() -> None:
    worker = Worker(failing={("a", 2)})
    failed = process_batch([("a", 1), ("a", 2), ("b", 3), ("a", 4), ("b", 5)], key=key, process=worker, threads=FOUR)
    assert failed == [("a", 2), ("a", 4)]
    assert ("a", 4) not in worker.seen
    assert ("b", 5) in worker.seen


def test_an_error_is_raised_only_after_all_key_groups_have_ended() -> None:
    seen: list[Item] = []

    def process(item: Item) -> Result:
        if item == ("a", 1):
            raise ZeroDivisionError
        time.sleep(0.05)
        seen.append(item)
        return Result.DONE

    with pytest.raises(ZeroDivisionError):
        process_batch([("a", 1), ("b", 2), ("c", 3)], key=key, process=process, threads=FOUR)
    assert sorted(seen) == [("b", 2), ("c", 3)]


def test_an_item_without_a_key_holds_up_only_itself() -> None:
    worker = Worker(failing={(None, 1)})
    assert process_batch([(None, 1), (None, 2)], key=key, process=worker, threads=FOUR) == [(None, 1)]
    assert (None, 2) in worker.seen


def test_keys_are_processed_side_by_side() -> None:
    all_there = Barrier(4)

    def process(_: Item) -> Result:
        all_there.wait(timeout=30)  # for as many as there are keys, or it raises
        return Result.DONE

    assert process_batch([("a", 1), ("b", 2), ("c", 3), ("d", 4)], key=key, process=process, threads=FOUR) == []


def test_a_batch_uses_no_more_threads_than_it_gets() -> None:
    busy, maximum = [0], [0]
    lock = Lock()

    def process(_: Item) -> Result:
        with lock:
            busy[0] += 1
            maximum[0] = max(maximum[0], busy[0])
        with lock:
            busy[0] -= 1
        return Result.DONE

    with ThreadPoolExecutor(3) as threads:
        process_batch([(str(number), number) for number in range(100)], key=key, process=process, threads=threads)
    assert maximum[0] <= 3


@given(
    keys=st.lists(st.sampled_from(["a", "b", "c", None])),
    failing=st.sets(st.integers(min_value=0, max_value=30)),
)
def test_every_item_is_processed_or_returned_and_none_overtakes_its_key(
    keys: list[str | None], failing: set[int]
) -> None:
    items = [(item_key, position) for position, item_key in enumerate(keys)]
    worker = Worker(failing={item for item in items if item[1] in failing})
    failed = process_batch(items, key=key, process=worker, threads=FOUR)
    assert sorted({*worker.seen, *failed}, key=lambda item: item[1]) == items
    for item_key in {"a", "b", "c"}:
        seen = [item for item in worker.seen if item[0] == item_key]
        assert seen == [item for item in items if item[0] == item_key][: len(seen)]
        assert not set(seen[:-1]) & worker.failing
