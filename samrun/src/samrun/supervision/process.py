"""Child processes: started with their output in a log file, watched, and always ended."""

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from samrun.errors import UserError

_TAIL_LINES = 15
# Bytes that are left on a disk that counts as full: fewer than Kafka and DynamoDB Local take for their next file.
_FULL_DISK = 1024 * 1024
_PR_SET_PDEATHSIG = 1
# Looked up at import: a look-up takes a lock, and between fork and exec another thread may hold it for ever.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class ProcessDiedError(UserError):
    """A process that the stack needs exited unexpectedly. The message has the last lines of its log."""


class Process:
    """A part of the stack that runs in a process of its own."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str | Path], *, log: Path, variables: Mapping[str, str] | None = None
    ) -> Self:
        """Start `command`, with more environment variables. Its output replaces the content of the file `log`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *map(str, command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env=os.environ | (variables or {}),
                # Ctrl-C reaches the whole foreground group. In a session of its own the child survives it, so that
                # the stack can end its parts in order.
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        return cls(name, process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    def __str__(self) -> str:
        return f"{self.name}, pid {self.pid}"

    async def wait(self) -> int:
        """Wait until the process ends by itself, and return its exit status."""
        return await self._process.wait()

    async def died(self) -> ProcessDiedError:
        """Wait until the process ends by itself, and return the error that says so."""
        status = await self.wait()
        said = f"{self.name} exited unexpectedly ({_in_words(status)}). {self.log_tail()}"
        return ProcessDiedError(said + self._advice_on_full_disk())

    def _advice_on_full_disk(self) -> str:
        """Return what to do if the disk is full, which the log cannot say then; else nothing."""
        folder = self._log.parent
        if shutil.disk_usage(folder).free > _FULL_DISK:
            return ""
        return f"\nThe disk with {folder} is full: make room there, or choose another folder with --data."

    def log_tail(self) -> str:
        """Return the last lines that the process printed, and the name of the file with all of them."""
        lines = self._log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        if not lines:
            return f"It printed nothing ({self._log} is empty)."
        return f"The last lines of {self._log}:\n" + "\n".join(f"    {line}" for line in lines)

    async def stop(self, *, patience: float = 10) -> None:
        """End the process and all processes that it started: see the function `stop`."""
        await stop(self._process, patience=patience)


async def stop(process: asyncio.subprocess.Process, *, patience: float) -> None:
    """End a process that leads a session, and all processes that it started.

    All of them get SIGTERM. Once the process has ended, or after `patience` seconds, those that are left get SIGKILL.
    """
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), patience)
    _signal(process, signal.SIGKILL)
    await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    # For a group without running processes, Linux says that it does not exist, and macOS that it is forbidden.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def end_with_parent() -> None:
    """Make the kernel kill this process when its parent dies, even if the parent is killed (Linux only).

    This runs in the child, between fork and exec.
    """
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _in_words(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
