from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier, Lock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.notify.batch import work_off

Item = tuple[str | None, int]

FOUR = ThreadPoolExecutor(4)


@dataclass
class Worker:
    """Is done with every item but those that fail."""

    failing: set[Item] = field(default_factory=set)
    seen: list[Item] = field(default_factory=list)

    def __call__(self, item: Item) -> bool:
        self.seen.append(item)
        return item not in self.failing


def key(item: Item) -> str | None:
    return item[0]


def test_a_batch_that_is_done_leaves_nothing() -> None:
    worker = Worker()
    assert work_off([("a", 1), ("b", 2)], key=key, work=worker, threads=FOUR) == []
    assert sorted(worker.seen) == [("a", 1), ("b", 2)]


def test_an_empty_batch_is_done() -> None:
    assert work_off([], key=key, work=Worker(), threads=FOUR) == []


def test_a_key_stops_at_its_first_failure_and_other_keys_go_on() -> None:
    worker = Worker(failing={("a", 2)})
    undone = work_off([("a", 1), ("a", 2), ("b", 3), ("a", 4), ("b", 5)], key=key, work=worker, threads=FOUR)
    assert undone == [("a", 2), ("a", 4)]
    assert ("a", 4) not in worker.seen
    assert ("b", 5) in worker.seen


def test_an_error_ends_nothing_before_all_are_done() -> None:
    seen: list[Item] = []

    def work(item: Item) -> bool:
        if item == ("a", 1):
            raise ZeroDivisionError
        time.sleep(0.05)
        seen.append(item)
        return True

    with pytest.raises(ZeroDivisionError):
        work_off([("a", 1), ("b", 2), ("c", 3)], key=key, work=work, threads=FOUR)
    assert sorted(seen) == [("b", 2), ("c", 3)]


def test_items_without_a_key_hold_up_nothing_but_themselves() -> None:
    worker = Worker(failing={(None, 1)})
    assert work_off([(None, 1), (None, 2)], key=key, work=worker, threads=FOUR) == [(None, 1)]
    assert (None, 2) in worker.seen


def test_keys_are_worked_off_side_by_side() -> None:
    all_there = Barrier(4)

    def work(_: Item) -> bool:
        all_there.wait(timeout=30)  # for as many as there are keys, or it raises
        return True

    assert work_off([("a", 1), ("b", 2), ("c", 3), ("d", 4)], key=key, work=work, threads=FOUR) == []


def test_no_more_threads_work_than_were_asked_for() -> None:
    running, most = [0], [0]
    lock = Lock()

    def work(_: Item) -> bool:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        with lock:
            running[0] -= 1
        return True

    with ThreadPoolExecutor(3) as threads:
        work_off([(str(number), number) for number in range(100)], key=key, work=work, threads=threads)
    assert most[0] <= 3


@given(
    keys=st.lists(st.sampled_from(["a", "b", "c", None])),
    failing=st.sets(st.integers(min_value=0, max_value=30)),
)
def test_every_item_is_done_or_named_and_none_overtakes_its_key(keys: list[str | None], failing: set[int]) -> None:
    items = [(item_key, position) for position, item_key in enumerate(keys)]
    worker = Worker(failing={item for item in items if item[1] in failing})
    undone = work_off(items, key=key, work=worker, threads=FOUR)
    assert sorted({*worker.seen, *undone}, key=lambda item: item[1]) == items
    for item_key in {"a", "b", "c"}:
        seen = [item for item in worker.seen if item[0] == item_key]
        assert seen == [item for item in items if item[0] == item_key][: len(seen)]
        assert not set(seen[:-1]) & worker.failing
