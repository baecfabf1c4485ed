"""A service in a process of its own that a test may stop, kill, freeze and start again on the same ports and data."""

import asyncio
import os
import signal
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from samrun.endpoints import DATA
from samrun.services import java
from samrun.supervision.process import Process
from samrun.supervision.terminal import standard_terminal


class KillableService(ABC):
    """A service in a process of its own, with its data in `folder`; ready once it is made. Used by one thread.

    `name` names it in errors. A subclass claims its ports before it calls this `__init__`, which starts the service.

    A context manager: leaving it ends the process, in whatever state it is. The process also ends when the thread that
    started it ends.
    """

    def __init__(self, folder: Path, *, name: str) -> None:
        self._folder = folder
        self._name = name
        self._process: Process | None = None
        self._runner = asyncio.Runner()
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    @abstractmethod
    async def _start(self, folder: Path) -> Process:
        """Start the process, with its data and logs in `folder`, and return at once."""

    @abstractmethod
    async def _wait_until_ready(self) -> None:
        """Wait until the service answers."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The id of its process. Raises AssertionError if it does not run."""
        assert self._process, f"{self._name} does not run"
        return self._process.pid

    def start(self) -> None:
        """Start it, again or for the first time, on the same ports and data; wait until it answers."""
        assert self._process is None, f"{self._name} runs already"
        self._runner.run(self._start_process())
        self.wait_until_ready()

    async def _start_process(self) -> None:
        self._process = await self._start(self._folder)

    def wait_until_ready(self) -> None:
        """Wait until it answers, as after `thaw`."""
        self._runner.run(self._wait_until_ready())

    def stop(self) -> None:
        """End it by SIGTERM, and wait until it has ended."""
        assert self._process, f"{self._name} does not run"
        self._runner.run(self._process.stop())
        self._process = None

    def kill(self) -> None:
        """End it by SIGKILL, frozen or not."""
        os.kill(self.pid, signal.SIGKILL)
        self.stop()

    def freeze(self) -> None:
        """Stop its process (SIGSTOP): connections stay open, new ones are accepted, and nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on (SIGCONT); it then handles the requests that arrived meanwhile."""
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """End it for good; it may have ended already."""
        if self._process:
            self.kill()
        self._runner.close()


async def class_path(program: str) -> str:
    """Return the class path of a program `group:name:version`, which is fetched if necessary."""
    class_paths = await java.class_paths([program], terminal=standard_terminal(DATA / "logs"))
    return class_paths[program]
