"""Works off a batch: in order within a key, and keys side by side.

Powertools' BatchProcessor goes on within a key after a failure, which would let an order's cancellation
overtake its payment.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import Executor, wait
from typing import TypeVar

T = TypeVar("T")


def work_off(
    items: Iterable[T], *, key: Callable[[T], Hashable | None], work: Callable[[T], bool], threads: Executor
) -> list[T]:
    """Give each item to `work`, in a thread of `threads`, and return those that are not done.

    `work` answers whether the item is done. A key stops at its first item that is not; an item whose key is
    None stands for itself.
    """
    lanes: defaultdict[Hashable, list[T]] = defaultdict(list)
    for position, item in enumerate(items):
        item_key = key(item)
        lanes[("none", position) if item_key is None else ("key", item_key)].append(item)
    undone = [threads.submit(_work_off_key, lane, work) for lane in lanes.values()]
    wait(undone)  # whatever one of them raises, none is left behind at work
    return [item for lane in undone for item in lane.result()]


def _work_off_key(lane: Sequence[T], work: Callable[[T], bool]) -> Sequence[T]:
    for position, item in enumerate(lane):
        if not work(item):
            return lane[position:]
    return []
