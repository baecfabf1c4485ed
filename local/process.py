"""Child processes: started with their output in a log file, watched, and always ended."""

import asyncio
import ctypes
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from local.errors import PlainError

_LAST_WORDS = 15
_PR_SET_PDEATHSIG = 1


class ProcessDiedError(PlainError):
    """A process that the stack needs has ended by itself; the message holds its last words."""


class Process:
    """A component of the stack that runs in a process of its own."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @classmethod
    async def start(
        cls,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> Self:
        """Start `command`; what it prints goes to the file `log`, from its beginning."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *map(str, command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env=environment,
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

    async def died(self) -> ProcessDiedError:
        """Wait for the process to end by itself, and return the error that says so."""
        status = await self._process.wait()
        return ProcessDiedError(f"{self.name} ended by itself ({_in_words(status)}). {self.last_words()}")

    def last_words(self) -> str:
        """Return the last lines that the process printed, and where all of them are."""
        lines = self._log.read_text(errors="replace").splitlines()[-_LAST_WORDS:]
        if not lines:
            return f"It printed nothing ({self._log} is empty)."
        return f"Its last words, of {self._log}:\n" + "\n".join(f"    {line}" for line in lines)

    async def stop(self, *, patience: float = 10) -> None:
        """Ask the process to end, and kill it when it has not ended after `patience` seconds."""
        await stop(self._process, patience=patience)


async def stop(process: asyncio.subprocess.Process, *, patience: float) -> None:
    """End a process and its descendants: SIGTERM, and SIGKILL after `patience` seconds."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), patience)
    except TimeoutError:
        process.kill()
        await process.wait()


def end_with_parent() -> None:
    """Have the kernel end this process when its parent dies without a chance to do so (Linux only).

    Runs in the child between fork and exec.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _in_words(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
