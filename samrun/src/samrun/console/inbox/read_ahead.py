"""Reader of mails ahead of the first search, in a thread that leaves half of a core to others."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

_T = TypeVar("_T")


class ReadAhead(Generic[_T]):
    """Reader that calls `read` with each item, until it says that there is no room for more."""

    def __init__(self, read: Callable[[_T], bool]) -> None:
        self._read = read
        self._thread: threading.Thread | None = None

    def start(self, items: Sequence[_T]) -> None:
        """Begin with the items, unless those of an earlier start are still being read."""
        if items and not (self._thread and self._thread.is_alive()):
            self._thread = threading.Thread(target=self._run, args=(items,), name="read-ahead", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Wait until nothing is being read."""
        if self._thread:
            self._thread.join()

    def _run(self, items: Sequence[_T]) -> None:
        for item in items:
            began = time.monotonic()
            if not self._read(item):
                return
            time.sleep(time.monotonic() - began)
