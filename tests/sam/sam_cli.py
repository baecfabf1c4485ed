"""AWS SAM CLI, as `make` installs it."""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from samrun.testing.waiting import PATIENCE
from tests.project import ROOT

EXECUTABLE = ROOT / ".venv-sam/bin/sam"


class SamCli:
    """SAM CLI in a project, without credentials and without AWS variables except `variables`."""

    def __init__(self, project: Path, **variables: str) -> None:
        self.project = project
        self._variables: Mapping[str, str] = variables

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Run a command and return its output; fail with all of its output if the command fails."""
        done = subprocess.run(
            [str(EXECUTABLE), *arguments],
            cwd=self.project,
            env=self._environment(),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextlib.contextmanager
    def serving(self, *arguments: str) -> Iterator[None]:
        """Run a command that serves until the block ends; its output is in sam.log."""
        with (self.project / "sam.log").open("ab") as log:
            process = subprocess.Popen(
                [str(EXECUTABLE), *arguments],
                cwd=self.project,
                env=self._environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            yield
        finally:
            process.terminate()  # SIGINT is ignored where the tests run in the background
            try:
                process.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise

    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_"))}
        return own | {"SAM_CLI_TELEMETRY": "0", **self._variables}
