"""Search for interpreters: the Python that a template's Runtime names, on this machine or, by uv, from elsewhere."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from samrun.pythons.errors import InstallationError
from samrun.pythons.interpreter import Interpreter, inspect_interpreter
from samrun.pythons.tool import run_tool

# Folders in which version managers have their interpreters. Their shims on the PATH run only the versions that a
# project chose.
_MANAGERS = (
    ("PYENV_ROOT", ".pyenv", "versions"),
    ("ASDF_DATA_DIR", ".asdf", "installs/python"),
    ("MISE_DATA_DIR", ".local/share/mise", "installs/python"),
)
# Folders in which uv's installer, pipx and cargo put programs. An editor that starts a stack may lack them on its PATH.
_UV_FOLDERS = (".local/bin", ".cargo/bin")
# uv may fetch no interpreter, or only for those who ask it themselves.
_NO_DOWNLOADS = {"never", "manual"}
_PATIENCE = "20"  # seconds without an answer


def find_uv() -> Path | None:
    """Return uv: that on the PATH, in samrun's own environment, that which runs samrun, or where installers put it."""
    named = os.environ.get("UV", "")  # `uvx` and `uv run` name themselves there
    usual = (Path.home() / folder for folder in _UV_FOLDERS)
    folders = (Path(sys.executable).parent, *([Path(named).parent] if named else []), *usual)
    found = shutil.which("uv") or shutil.which("uv", path=os.pathsep.join(map(str, folders)))
    return Path(found) if found else None


async def current_interpreter() -> Interpreter:
    """Return the interpreter that runs samrun."""
    current = await inspect_interpreter(Path(sys.executable))
    if current is None:
        raise RuntimeError(f"{sys.executable} does not run, or is no CPython")
    return current


async def find_interpreter(version: str, *, current: Interpreter, uv: Path | None) -> Interpreter | None:
    """Return an interpreter of a version such as 3.13, or None if this machine has none. Nothing is fetched."""
    if current.minor_version == version:
        return current
    for candidate in _candidates(version):
        found = await inspect_interpreter(candidate)
        if found and found.minor_version == version:
            return found
    return await _find_by_uv(version, uv) if uv else None


def download_obstacle(uv: Path | None) -> str | None:
    """Return the reason why no interpreter is fetched; None if uv may try."""
    if uv is None:
        return "uv, which fetches Pythons, is not here either"
    policy = os.environ.get("UV_PYTHON_DOWNLOADS", "")
    return f"UV_PYTHON_DOWNLOADS is {policy}" if policy in _NO_DOWNLOADS else None


async def fetch_interpreter(version: str, uv: Path) -> Interpreter:
    """Have uv fetch an interpreter, and return it. Raises InstallationError, with the reason alone."""
    result = await run_tool([uv, "python", "install", version], variables={"UV_HTTP_TIMEOUT": _PATIENCE})
    if not result.succeeded:
        raise InstallationError(f"uv says: {' '.join(result.last_lines(1).split())}")
    if found := await _find_by_uv(version, uv):
        return found
    raise InstallationError("the one that uv fetched does not run")


def _candidates(version: str) -> Iterator[Path]:
    name = f"python{version}"
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if found := shutil.which(name, path=folder or os.curdir):
            yield Path(found)
    for variable, usual, versions in _MANAGERS:
        root = Path(os.environ.get(variable) or Path.home() / usual)
        installed = (root / versions).glob(f"{version}.*/bin/{name}")
        yield from sorted(installed, key=_patch_version, reverse=True)


def _patch_version(executable: Path) -> tuple[int, ...]:
    """Return the numbers in the name of the folder that a version manager gave an interpreter."""
    return tuple(map(int, re.findall(r"\d+", executable.parents[1].name)))


async def _find_by_uv(version: str, uv: Path) -> Interpreter | None:
    result = await run_tool([uv, "python", "find", "--no-python-downloads", "--no-project", "--system", version])
    found = await inspect_interpreter(Path(result.printed.strip())) if result.succeeded else None
    return found if found and found.minor_version == version else None
