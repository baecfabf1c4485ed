"""Watch of processes: when each of them ends, whatever ends it."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ProcessWatch:
    """Watch that calls `ended` with each process that it watches, once it has ended.

    All methods are called in the thread of an event loop.
    """

    ended: Callable[[int], None]
    _files: dict[int, int] = field(default_factory=dict)

    def watch(self, process: int) -> None:
        """Watch a process, if that is not done yet. One that has ended is reported at once."""
        if process in self._files:
            return
        try:
            self._files[process] = os.pidfd_open(process)
        except ProcessLookupError:
            self.ended(process)
        else:
            asyncio.get_running_loop().add_reader(self._files[process], self._report, process)

    def close(self) -> None:
        """Watch none of them any more."""
        for process in list(self._files):
            self._forget(process)

    def _report(self, process: int) -> None:
        self._forget(process)
        self.ended(process)

    def _forget(self, process: int) -> None:
        file = self._files.pop(process)
        asyncio.get_running_loop().remove_reader(file)
        os.close(file)
