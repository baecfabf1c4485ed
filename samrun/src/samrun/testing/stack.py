"""A whole stack in a process of its own, on free ports and a data folder of its own, as a user starts it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import psutil

from samrun.errors import SamrunError
from samrun.oidc.issuer import Issuer
from samrun.settings import PORTS
from samrun.testing.stack_client import StackClient, WaitError
from samrun.testing.waiting import PATIENCE, eventually

# Seconds. A first start installs packages.
_PATIENCE_WITH_INSTALLATIONS = 10 * PATIENCE


class StackEndedError(SamrunError, AssertionError):
    """The stack ended when it should run. The message has what it printed."""


class RunningStack(StackClient):
    """A process of `samrun`, and what a user does with it.

    `project` is the folder of the templates, `data` that of the stack's data; its terminal goes to a file beside that.
    A context manager: entering it waits until the stack is ready, leaving it ends whatever is left of it.
    """

    def __init__(
        self,
        project: Path,
        data: Path,
        *,
        templates: Sequence[str] = ("template.yaml",),
        command: str = "up",
        options: Sequence[str] = (),
        ports: dict[str, int] | None = None,
        environment: dict[str, str] | None = None,
        closed_terminal: bool = False,
        eager: bool = False,
        own_packages: bool = False,
    ) -> None:
        """Start it, and return at once.

        `command` is `up` or `services`. Ports are free ones but for those in `ports`, by name ("console"). With
        `closed_terminal`, nobody reads what it prints. Without `eager`, a function has no environment before its first
        invocation: most tests invoke few of them. Without `own_packages`, functions run with the packages of the tests,
        which takes no installation.
        """
        self.data = data
        self._patience = _PATIENCE_WITH_INSTALLATIONS if own_packages else PATIENCE
        self.log = data.with_suffix(".log")
        self._printed = 0
        chosen = dict.fromkeys(PORTS, 0) | (ports or {})
        self._earlier_log = self.log.read_text() if self.log.exists() else ""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    *("-m", "samrun", command),
                    *(str(project / template) for template in templates),
                    *("--data", str(data)),
                    *options,
                    *(["--lazy"] if command == "up" and not eager else []),
                    *(["--use-current-env"] if command == "up" and not own_packages and "--sam" not in options else []),
                    *(word for name, port in chosen.items() for word in (f"--{name}-port", str(port))),
                ],
                cwd=project,
                env=os.environ | (environment or {}),
                stdout=subprocess.PIPE if closed_terminal else log,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Self:
        try:
            self.wait_until_ready(patience=self._patience)
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def wait_until_ready(self, *, patience: float = PATIENCE) -> None:
        """Wait until everything runs. Raises StackEndedError if the stack ended instead, and WaitError."""
        try:
            eventually(self._is_ready, what="the stack to be ready", patience=patience)
        except StackEndedError:
            raise
        except AssertionError as error:
            raise WaitError(f"{error}.\n\nIt has printed:\n{self.log.read_text() or '(nothing)'}") from None
        self.endpoints = json.loads((self.data / "endpoints.json").read_text())
        self._issuer = Issuer(f"{self.endpoints['console']}/issuer", self.data)

    def _is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise StackEndedError(f"the stack ended with {self.process.returncode}:\n{self.log.read_text()}")
        if self.process.stdout:
            self.process.stdout.close()  # nobody reads on
            return (self.data / "endpoints.json").exists()
        return "\nReady after" in self.log.read_text()[len(self._earlier_log) :]

    def timeline(self) -> str:
        """Return what the stack has printed since the last reset."""
        return self.log.read_text(errors="replace")[self._printed :]

    def reset(self) -> None:
        """Reset the stack, as `StackClient.reset` does, and begin a new timeline."""
        super().reset()
        self._printed = len(self.log.read_text(errors="replace"))

    def logged(self, text: str) -> list[str]:
        """Return the lines of the terminal that contain `text`."""
        return [line for line in self.log.read_text().splitlines() if text in line]

    def processes(self) -> list[psutil.Process]:
        """Return every process of the stack."""
        main = psutil.Process(self.process.pid)
        return [main, *main.children(recursive=True)]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end by a signal, wait until it has ended, and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)

    def kill(self) -> None:
        """End all its processes that still run."""
        self.close()
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in self.processes():
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        self.process.wait()
