"""Keeps sends back while a provider takes them and does not answer: each may be a message too many."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING

from functions.notify.aws import LONGEST_SEND

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 300.0


class CircuitBreaker:
    """Opens after two lost answers in a row, and closes once a message is taken; all times are in seconds, by `clock`.

    An error that the provider answers does neither: amid losses, it does not show that messages get through. While it
    is open, one send at a time tries the provider, after pauses that double. What may be out already comes after a
    second pause: so nobody gets the tries alone, and who never gets an answer does not keep it open.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answered = False  # since the last loss
        self._losses = 0  # in a row
        self._pause = 0.0  # none: it is closed
        self._resumes = self._try_ends = clock()
        self._lock = Lock()

    def allows(self, *, again: bool) -> bool:
        """Tell whether a send may begin; `again`: it may be out already."""
        with self._lock:
            if not self._pause:
                return True
            now = self._clock()
            if now < self._try_ends or now < self._resumes + (self._pause if again else 0):
                return False
            self._try_ends = now + LONGEST_SEND
            return True

    def answered(self) -> None:
        """Note that the provider has taken a message and said so."""
        with self._lock:
            self._answered, self._losses, self._pause = True, 0, 0.0

    def lost(self) -> bool:
        """Note that an answer was lost; tell whether the provider has answered since the one before was."""
        with self._lock:
            now, had_answered = self._clock(), self._answered
            self._answered, self._losses = False, self._losses + 1
            # What is lost during a pause had begun before it: it says nothing new.
            if self._losses > 1 and not (self._pause and now < self._resumes):
                self._pause = min(max(FIRST_PAUSE, 2 * self._pause), LONGEST_PAUSE)
                self._resumes = now + self._pause
            return had_answered
