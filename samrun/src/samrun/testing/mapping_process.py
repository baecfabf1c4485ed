"""A process of `samrun mappings run`, and what it printed."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from samrun.testing.aws import CREDENTIALS
from samrun.testing.waiting import eventually

# boto3 finds none on this machine.
_NO_CREDENTIALS = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_CONFIG_FILE": os.devnull,
}


class MappingProcess:
    """The process; its output goes to a file."""

    def __init__(self, log: Path, *options: str, environment: dict[str, str] | None = None) -> None:
        self.log = log
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "samrun", "mappings", "run", "--port", "0", *options],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=log.parent,
                env={**clean, **_NO_CREDENTIALS, **(CREDENTIALS if environment is None else environment)},
            )

    def logged(self, text: str) -> list[str]:
        """Return the lines that contain a text."""
        return [line for line in self.log.read_text().splitlines() if text in line]

    def wait_until_ready(self) -> None:
        """Wait until it says that it is. Raises AssertionError with its output if it ended instead."""
        eventually(self._is_ready, what="the mappings to run")

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return bool(self.logged("Ready."))

    @property
    def api(self) -> str:
        """The URL of its API."""
        found = re.search(r"mappings +(http://\S+)", self.log.read_text())
        assert found
        return found[1]


@contextmanager
def running_mappings(log: Path, *options: str, environment: dict[str, str] | None = None) -> Iterator[MappingProcess]:
    """Run mappings while the context lasts."""
    runner = MappingProcess(log, *options, environment=environment)
    try:
        runner.wait_until_ready()
        yield runner
        runner.process.terminate()
        assert runner.process.wait(timeout=30) == 0, log.read_text()
    finally:
        runner.process.kill()
        runner.process.wait()
