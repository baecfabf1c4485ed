"""Stopwatch: measures the time of each step of a program, on the processor and by the clock."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Seconds on the processor, and by the clock."""

    processor: float = 0.0
    clock: float = 0.0

    @classmethod
    def by_this_thread(cls) -> Spent:
        """Return what the thread has spent so far; only a difference says something."""
        return cls(processor=time.thread_time(), clock=time.perf_counter())

    @classmethod
    def by_this_process(cls) -> Spent:
        """As `by_this_thread`, for all threads together."""
        return cls(processor=time.process_time(), clock=time.perf_counter())

    def __add__(self, other: Spent) -> Spent:
        return Spent(processor=self.processor + other.processor, clock=self.clock + other.clock)

    def __sub__(self, other: Spent) -> Spent:
        return Spent(processor=self.processor - other.processor, clock=self.clock - other.clock)


class Stopwatch:
    """Stopwatch of steps that run one at a time: the time of each, without the steps inside it."""

    def __init__(self) -> None:
        self.steps: defaultdict[str, Spent] = defaultdict(Spent)
        self._inside = Spent()

    def watching(self, owner: Any, name: str, *, step: str) -> AbstractContextManager[Any]:
        """Take the time of a function or method as one step, until the context is left."""
        function = getattr(owner, name)

        @wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            with self._measured(step):
                return function(*args, **kwargs)

        return mock.patch.object(owner, name, watched)

    @contextmanager
    def _measured(self, step: str) -> Iterator[None]:
        before, self._inside = self._inside, Spent()
        began = Spent.by_this_thread()
        try:
            yield
        finally:
            spent = Spent.by_this_thread() - began
            self.steps[step] += spent - self._inside
            self._inside = before + spent
