"""Interruption of a run by SIGINT or SIGTERM: it is raised where the run waits, and nowhere else.

Python raises KeyboardInterrupt between any two instructions of the main thread. One that came just after a thread or a
process had been started, and before anything could end it again, left it running.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Interruption:
    has_come = False
    is_waiting = False

    def handle(self, _number: int, _frame: FrameType | None) -> None:
        self.has_come = True
        if self.is_waiting:
            self.is_waiting = False
            raise KeyboardInterrupt


_interruption = _Interruption()


def defer_interruptions() -> None:
    """Let both signals raise KeyboardInterrupt only within `interruptible`, also if a shell has SIGINT ignored."""
    for number in SIGNALS:
        signal.signal(number, _interruption.handle)


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt for a signal that came before or comes within the context.

    Nothing may be started within it that is not ended by itself. In a thread that is not the main one, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _interruption.is_waiting = True
    try:
        if _interruption.has_come:
            raise KeyboardInterrupt
        yield
    finally:
        _interruption.is_waiting = False
