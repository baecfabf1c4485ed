"""Installer of packages: uv where the machine has it, else pip."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from samrun.pythons.errors import InstallationError
from samrun.pythons.interpreter import Interpreter
from samrun.pythons.requirements import path_for_people
from samrun.pythons.tool import run_tool


@dataclass(frozen=True)
class Installer:
    """Installer of packages. Without `uv`, it is the pip of the function's interpreter, or else that of samrun."""

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
        command = self._uv(self.uv, python) if self.uv else self._pip(python, interpreter)
        result = await run_tool([*command, "--requirement", requirements.resolve()], folder=requirements.parent)
        if not result.succeeded:
            raise InstallationError(
                f"{path_for_people(requirements)} cannot be installed for Python {interpreter.version}. "
                f"{self.name} says:\n"
                f"{result.last_lines()}\nCorrect the file and save it: samrun installs it again then."
            )

    def _uv(self, uv: Path, python: Path) -> Sequence[str | Path]:
        return [uv, "pip", "install", "--quiet", "--python", python]

    def _pip(self, python: Path, interpreter: Interpreter) -> Sequence[str | Path]:
        # An old pip does not run on a newer Python, so that of the interpreter itself comes first.
        if interpreter.has_pip:
            own = interpreter.executable
        elif find_spec("pip"):
            own = Path(sys.executable)
        else:
            raise InstallationError("Neither uv nor pip is here to install packages: install uv, or pip beside samrun.")
        options = ("--quiet", "--no-input", "--no-compile", "--disable-pip-version-check")
        return [own, "-m", "pip", "--python", python, "install", *options]
