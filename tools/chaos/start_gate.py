"""Gate between faults and a start of `samrun up`, which ends at once if a service does not answer at that moment.

A start waits until the faults under way are over, and further faults wait until it is done. Without the gate, the stack
would hardly ever run.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class StartGate:
    """Gate for any number of faults, or one start. `paused` is the time that starts took, in seconds."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._faults = 0
        self._starts = 0
        self.paused = 0.0

    @contextmanager
    def fault(self) -> Iterator[None]:
        """Wait until nothing starts; no start begins within the context."""
        with self._changed:
            self._changed.wait_for(lambda: not self._starts)
            self._faults += 1
        try:
            yield
        finally:
            with self._changed:
                self._faults -= 1
                self._changed.notify_all()

    @contextmanager
    def start(self) -> Iterator[None]:
        """Wait until the faults under way are over; no fault begins within the context."""
        began = time.monotonic()
        with self._changed:
            self._starts += 1
            self._changed.wait_for(lambda: not self._faults)
        try:
            yield
        finally:
            with self._changed:
                self._starts -= 1
                self.paused += time.monotonic() - began
                self._changed.notify_all()
