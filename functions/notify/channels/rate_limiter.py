"""Rate limit of one environment: all environments together stay below the rate of the account."""

from __future__ import annotations

import time
from threading import Condition, Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BACK_OFF = 1.0  # seconds: providers count by the second


class RateLimiter:
    """Rate limit: sends are spread evenly, `per_second` of them, whichever thread asks.

    Times are in seconds, by `clock`. A wait ends early if another thread releases its moment.
    """

    def __init__(
        self,
        per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self._interval = 1 / per_second
        self._clock = clock
        self._next = self._resumes = clock()
        self._turn = Lock()  # of the thread whose moment is the next: a hundred do not wake for each moment
        self._changed = Condition()
        self._sleep = sleep or self._changed.wait

    def wait(self, *, at_most: float) -> bool:
        """Wait for the next moment to send. Return False as soon as it is more than `at_most` after this call."""
        asked = self._clock()
        with self._turn, self._changed:
            while True:
                now = self._clock()
                moment = max(now, self._next, self._resumes)
                if moment - asked > at_most:
                    return False
                if moment <= now:
                    self._next = moment + self._interval
                    return True
                self._sleep(moment - now)

    def release(self) -> None:
        """Release a moment, since nothing was sent: the next one comes as if this one had never been taken."""
        with self._changed:
            self._next -= self._interval
            self._changed.notify()

    def back_off(self) -> None:
        """Stop all sends for a second: the provider has throttled one."""
        with self._changed:
            self._resumes = max(self._resumes, self._clock() + BACK_OFF)
