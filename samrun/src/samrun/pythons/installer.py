"""Installer of packages: uv where the machine has it, else pip."""

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from samrun.pythons.errors import InstallationError
from samrun.pythons.interpreter import Interpreter
from samrun.pythons.requirements import path_for_people
from samrun.pythons.tool import run_tool

# Folder beside the environments: the pip of an interpreter that has none, in an environment of its own.
_PIP = "pip-of-python{version}"


@dataclass(frozen=True)
class Installer:
    """Installer of packages.

    Without `uv`, it is the pip of the function's interpreter, or else that of samrun. `uv tool install` and `uv venv`
    make environments without pip: then it is the pip that comes with each Python, for `python -m venv`.
    """

    uv: Path | None

    @property
    def name(self) -> str:
        return "uv" if self.uv else "pip"

    async def install(self, requirements: Path, environment: Path, interpreter: Interpreter) -> None:
        """Install a requirements file into a virtual environment of an interpreter. Raises InstallationError.

        Nothing is compiled: a function does that with the few modules that it imports. Paths in the file are relative
        to its folder. The installer's own settings apply, such as those of a mirror.
        """
        python = environment / "bin" / "python"
        command = self._uv(self.uv, python) if self.uv else await self._pip(python, interpreter, environment.parent)
        result = await run_tool([*command, "--requirement", requirements.resolve()], folder=requirements.parent)
        if not result.succeeded:
            raise InstallationError(
                f"{path_for_people(requirements)} cannot be installed for Python {interpreter.version}. "
                f"{self.name} says:\n"
                f"{result.last_lines()}\nCorrect the file and save it: samrun installs it again then."
            )

    def _uv(self, uv: Path, python: Path) -> Sequence[str | Path]:
        return [uv, "pip", "install", "--quiet", "--python", python]

    async def _pip(self, python: Path, interpreter: Interpreter, folder: Path) -> Sequence[str | Path]:
        # An old pip does not run on a newer Python, so that of the interpreter itself comes first.
        if interpreter.has_pip:
            own = interpreter.executable
        elif find_spec("pip"):
            own = Path(sys.executable)
        else:
            own = await _environment_with_pip(interpreter, folder)
        options = ("--quiet", "--no-input", "--no-compile", "--disable-pip-version-check")
        return [own, "-m", "pip", "--python", python, "install", *options]


async def _environment_with_pip(interpreter: Interpreter, folder: Path) -> Path:
    """Return the Python of an environment with pip, made once in the folder. Raises InstallationError."""
    complete = folder / _PIP.format(version=interpreter.version)
    python = complete / "bin" / "python"
    if (await run_tool([python, "-I", "-m", "pip", "--version"])).succeeded:
        return python
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        unfinished = Path(temporary) / "environment"
        made = await run_tool([interpreter.executable, "-I", "-m", "venv", unfinished])
        if not made.succeeded:
            raise InstallationError(
                f"Neither uv nor pip is here to install packages, and {interpreter.executable} brings no pip along. "
                "Install uv (https://docs.astral.sh/uv), or pip for this Python (on Debian and Ubuntu, the package "
                f"python3-venv). It says:\n{made.last_lines()}"
            )
        shutil.rmtree(complete, ignore_errors=True)  # of another interpreter, or of a process that was killed
        with contextlib.suppress(OSError):  # another process was faster, and made the same
            unfinished.rename(complete)
    return python
