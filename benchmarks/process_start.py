"""Start of a process that imports a handler: processor time and clock, from Python's start to the ready handler."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.stopwatch import Spent
from tests.performance.loaded_modules import HANDLERS

# It leaves without Python's own end, which Lambda never sees.
_PROGRAM = "import importlib, os, sys; importlib.import_module(sys.argv[1]); os._exit(0)"
_BARE = {
    "order": "bare_producer",
    "relay": "bare_producer",
    "notify": "bare_notifier",
    "feedback": "bare_reader",
    "history": "bare_reader",
}
FUNCTIONS: Sequence[str] = tuple(_BARE)


@dataclass(frozen=True, kw_only=True)
class Start:
    """A handler's module, the folders that Python finds modules in, and the environment.

    With `isolated`, Python has its standard library and those folders alone. It writes no byte code, as in Lambda,
    where /var/task is read-only.
    """

    module: str
    folders: Sequence[Path]
    environment: Mapping[str, str]
    isolated: bool = False

    def measure(self) -> Spent:
        """Start the process, and return what it spent. Raises RuntimeError if the import fails."""
        environment = {
            **{name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ},
            **self.environment,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(map(str, self.folders)),
        }
        python = [sys.executable, "-S", "-s"] if self.isolated else [sys.executable]
        began = time.perf_counter()
        process = subprocess.Popen([*python, "-c", _PROGRAM, self.module], env=environment, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        clock = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)  # it has been waited for
        if process.returncode:
            raise RuntimeError(f"{self.module} ended with status {process.returncode}")
        return Spent(processor=used.ru_utime + used.ru_stime, clock=clock)


def start_of(name: str, *folders: Path, isolated: bool = False) -> Start:
    """Return the start of a function, by its name in FUNCTIONS."""
    handler = HANDLERS[name]
    return Start(module=handler.module, folders=folders, environment=handler.environment, isolated=isolated)


def bare_start_of(name: str, *folders: Path, package: str = "", isolated: bool = False) -> Start:
    """Return the start of the bare handler with the clients of a function."""
    environment = {key: value for key, value in HANDLERS[name].environment.items() if key.startswith("AWS_")}
    return Start(module=f"{package}{_BARE[name]}", folders=folders, environment=environment, isolated=isolated)


def bare_module_of(name: str) -> str:
    """Return the module of benchmarks/bare_handlers that has the clients of a function."""
    return _BARE[name]
