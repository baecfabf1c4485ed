"""Rate limit of one environment: all environments together stay below the rate of the account."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BACK_OFF = 1.0  # seconds: providers count by the second


class RateLimiter:
    """Rate limit: sends are spread evenly, `per_second` of them, whichever thread asks.

    Times are in seconds, by `clock`.
    """

    def __init__(
        self,
        per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 1 / per_second
        self._clock = clock
        self._sleep = sleep
        self._next = clock()
        self._lock = Lock()

    def wait(self, *, at_most: float) -> bool:
        """Wait for the next moment to send. Return False at once if it is more than `at_most` away."""
        with self._lock:
            now = self._clock()
            moment = max(now, self._next)
            if moment - now > at_most:
                return False
            self._next = moment + self._interval
        if moment > now:
            self._sleep(moment - now)
        return True

    def back_off(self) -> None:
        """Stop all sends for a second: the provider has throttled one."""
        with self._lock:
            self._next = max(self._next, self._clock() + BACK_OFF)
