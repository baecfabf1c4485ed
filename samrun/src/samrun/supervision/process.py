"""Child processes: started with their output in a log file, watched, and always ended."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from local.errors import PlainError

_LAST_WORDS = 15
_PR_SET_PDEATHSIG = 1
# Looked up here: between fork and exec, another thread may hold the lock that a look-up takes.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class ProcessDiedError(PlainError):
    """A process that the stack needs has ended by itself; the message holds its last words."""


class Process:
    """A component of the stack that runs in a process of its own."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, name: str, command: Sequence[str | Path], *, log: Path) -> Self:
        """Start `command`; what it prints goes to the file `log`, from its beginning."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *map(str, command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                # Ctrl-C reaches the whole foreground group: in a session of its own the child outlives it, and
                # the stack ends its parts in order.
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        return cls(name, process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    def __str__(self) -> str:
        return f"{self.name}, pid {self.pid}"

    async def ended(self) -> int:
        """Wait for the process to end by itself, and return its exit status."""
        return await self._process.wait()

    async def died(self) -> ProcessDiedError:
        """Wait for the process to end by itself, and return the error that says so."""
        status = await self.ended()
        return ProcessDiedError(f"{self.name} ended by itself ({_in_words(status)}). {self.last_words()}")

    def last_words(self) -> str:
        """Return the last lines that the process printed, and where all of them are."""
        lines = self._log.read_text(errors="replace").splitlines()[-_LAST_WORDS:]
        if not lines:
            return f"It printed nothing ({self._log} is empty)."
        return f"Its last words, of {self._log}:\n" + "\n".join(f"    {line}" for line in lines)

    async def stop(self, *, patience: float = 10) -> None:
        """End the process and all that it started: see the function `stop`."""
        await stop(self._process, patience=patience)


async def stop(process: asyncio.subprocess.Process, *, patience: float) -> None:
    """End a process that leads a session, and all that it started.

    They are asked by SIGTERM; what is left once the process has ended, or after `patience` seconds, is killed.
    """
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), patience)
    _signal(process, signal.SIGKILL)
    await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    # macOS forbids what Linux cannot find: a group of which nothing runs any more.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def end_with_parent() -> None:
    """Have the kernel end this process when its parent dies without a chance to do so (Linux only).

    Runs in the child between fork and exec.
    """
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _in_words(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
