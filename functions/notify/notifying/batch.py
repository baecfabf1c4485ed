"""Processing of a batch: in order within a key, and the keys side by side.

Powertools' BatchProcessor continues within a key after a failure: an order's cancellation could overtake its payment.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import wait
from typing import TYPE_CHECKING, TypeVar

from functions.notify.notifying.delivery import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence
    from concurrent.futures import Executor

T = TypeVar("T")


def process_batch(
    items: Iterable[T], *, key: Callable[[T], Hashable | None], process: Callable[[T], Result], threads: Executor
) -> list[T]:
    """Give each item to `process`, in a thread of `threads`, and return the failed ones: those to retry.

    A key group stops at its first item that is to be retried. An item whose key is None is a group by itself.
    """
    key_groups: defaultdict[Hashable, list[T]] = defaultdict(list)
    for position, item in enumerate(items):
        item_key = key(item)
        key_groups[("none", position) if item_key is None else ("key", item_key)].append(item)
    failed = [threads.submit(_process_key_group, group, process) for group in key_groups.values()]
    wait(failed)  # even if one of them raises, no thread is still at work after this
    return [item for group in failed for item in group.result()]


def _process_key_group(group: Sequence[T], process: Callable[[T], Result]) -> Sequence[T]:
    for position, item in enumerate(group):
        if process(item) is Result.RETRY:
            return group[position:]
    return []
