"""Waiting for what happens in another process."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 90.0
"""Seconds until a test that waits has failed. It measures nothing: it only ends a test that would wait for ever."""

_PAUSE = 0.05

_T = TypeVar("_T")


def eventually(look: Callable[[], _T | None], *, what: str, patience: float = PATIENCE) -> _T:
    """Call `look` until it returns something true, and return that.

    Raises AssertionError, which names `what` was waited for, after `patience` seconds.
    """
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(_PAUSE)
    raise AssertionError(f"waited {patience:g} s in vain for {what}")
