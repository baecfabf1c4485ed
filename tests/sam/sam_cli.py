"""The AWS SAM CLI, as `make` installs it."""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.project import ROOT
from tests.system.running import PATIENCE

EXECUTABLE = ROOT / ".venv-sam/bin/sam"


class SamCli:
    """Runs commands of sam in a project, without credentials and with no variables of AWS's but `variables`."""

    def __init__(self, project: Path, **variables: str) -> None:
        self.project = project
        self._variables: Mapping[str, str] = variables

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Run a command and return what it prints; fail with all that it said unless it succeeds."""
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
        """Have a command run, which serves something until it is ended; what it says is in sam.log."""
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
