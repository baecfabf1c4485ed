"""Circuit breaker: stops sends while a provider does not answer. Each of them could be a duplicate."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING

from functions.notify.timeouts import MAX_SEND

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_PAUSE = 1.0
MAX_PAUSE = 300.0


class CircuitBreaker:
    """Circuit breaker: it opens after two lost answers in a row, and closes when the provider takes a message.

    An error that the provider answers neither opens nor closes it, because it does not show that messages get through.
    While the breaker is open, it allows one send at a time, after pauses that double. A possible duplicate has to wait
    for a second pause. So other messages come first, and one message that never gets an answer does not keep the
    breaker open. All times are in seconds, by `clock`.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answered = False  # since the last loss
        self._losses = 0  # in a row
        self._pause = 0.0  # zero while it is closed
        self._resumes = self._attempt_ends = clock()
        self._lock = Lock()

    def allow_request(self, *, possible_duplicate: bool) -> bool:
        """Tell whether a send may begin; `possible_duplicate` says that the message may have been sent before."""
        with self._lock:
            if not self._pause:
                return True
            now = self._clock()
            if now < self._attempt_ends or now < self._resumes + (self._pause if possible_duplicate else 0):
                return False
            self._attempt_ends = now + MAX_SEND
            return True

    def record_success(self) -> None:
        """Note that the provider accepted a message."""
        with self._lock:
            self._answered, self._losses, self._pause = True, 0, 0.0

    def record_failure(self) -> bool:
        """Note that an answer was lost; tell whether the provider accepted a message since the last lost one."""
        with self._lock:
            now, had_answered = self._clock(), self._answered
            self._answered, self._losses = False, self._losses + 1
            # A send that is lost during a pause began before it: it says nothing new.
            if self._losses > 1 and not (self._pause and now < self._resumes):
                self._pause = min(max(FIRST_PAUSE, 2 * self._pause), MAX_PAUSE)
                self._resumes = now + self._pause
            return had_answered
