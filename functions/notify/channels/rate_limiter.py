"""How fast one environment sends, so that all of them together stay below what the account may."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BACK_OFF = 1.0  # seconds: providers count by the second


class Pace:
    """Hands out moments to send at, `per_second` of them, to whichever thread asks next.

    All times are in seconds, by `clock`.
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
        """Wait for the next moment to send; without waiting, False if that is more than `at_most` away."""
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
        """Let nobody send for a moment: the provider has said that it was too much."""
        with self._lock:
            self._next = max(self._next, self._clock() + BACK_OFF)
