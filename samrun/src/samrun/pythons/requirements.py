"""Requirements of a function: its requirements.txt, with everything else that decides what gets installed."""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from samrun.pythons.errors import InstallationError
from samrun.supervision.files import write_atomically
from samrun.template.model.functions import Function

_INCLUDE = re.compile(r"^\s*(?:-r|-c|--requirements?|--constraints?)[ =]?\s*(\S+)")
# A project or a file of this machine, in the forms that pip takes: ./common, -e ../common, name @ file:///common.
_LOCAL = re.compile(
    r"^\s*(?:(?:-e|--editable)[ =]?\s*|[\w.\[\],-]+\s*@\s*)?(?:file:(?://)?)?([./][^\s;#\[]*|[^\s;#:@\[=<>!~]+\.whl)"
)
# Builds, caches and version control write these; none of them is installed.
_IGNORED = {"__pycache__", "build", "dist", "node_modules", "venv"}


@dataclass(frozen=True)
class Requirements:
    """A requirements file; without one, nothing is installed."""

    file: Path | None

    def files(self) -> list[Path]:
        """Return the file, and all files and folders of this machine that it names, directly or not."""
        return list(_closure(self.file, self.file.parent, set())) if self.file else []

    def digest(self) -> str:
        """Return a hash of the contents of all files. Their places do not count: equal contents install the same.

        Raises InstallationError if a file cannot be read, for example since an editor replaces it at this moment.
        """
        try:
            return self._digest()
        except OSError as error:
            raise InstallationError(f"{error.filename} cannot be read: {error.strerror}. Save it again.") from error

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for number, path in enumerate(self.files()):
            for file in _contents(path):
                name = file.relative_to(path).as_posix() if path.is_dir() else str(number)
                digest.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\0".encode())
        return digest.hexdigest()


def requirements_of(function: Function) -> Requirements:
    """Return the requirements of a function that have to be installed for it."""
    file = function.code_uri / "requirements.txt" if function.code_uri else None
    return Requirements(file if file and file.is_file() and not has_its_packages(function) else None)


def requirements_of_layers(function: Function, folder: Path) -> tuple[Requirements, ...]:
    """Return the requirements of a function's layers that are not built, and of those that a package replaces.

    The file that names such a package is written to `folder`.
    """
    files = [layer / "requirements.txt" for layer in function.layers if not any(layer.glob("*.dist-info"))]
    for package in function.layer_packages:
        file = folder / f"{package.partition('[')[0]}.txt"
        files.append(write_atomically(file, f"{package}\n"))
    return tuple(Requirements(file) for file in files if file.is_file())


def has_its_packages(function: Function) -> bool:
    """Tell whether a function's code is a whole deployment package: a zip, inline code, or a folder with packages."""
    return function.code_uri is None or any(function.code.glob("*.dist-info"))


def path_for_people(path: Path) -> str:
    """Return a path as a message names it: from the current folder, if it is in that."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _closure(file: Path, root: Path, seen: set[Path]) -> Iterator[Path]:
    """Yield a requirements file and what it names. `root` is the folder in which the installer runs."""
    if file in seen or not file.is_file():
        return  # the installer says if a file is missing
    seen.add(file)
    yield file
    for line in file.read_text(encoding="utf-8-sig", errors="replace").splitlines():
        if included := _INCLUDE.match(line):
            # The path is relative to the file that names it.
            yield from _closure(Path(os.path.normpath(file.parent / included[1])), root, seen)
        elif local := _LOCAL.match(line):
            path = Path(os.path.normpath(root / local[1]))
            if path.exists() and path not in seen:
                seen.add(path)
                yield path


def _contents(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, names, files in os.walk(path):
        names[:] = sorted(name for name in names if _counts(name))
        yield from (Path(folder, name) for name in sorted(files) if not name.startswith("."))


def _counts(name: str) -> bool:
    return not name.startswith(".") and name not in _IGNORED and not name.endswith(".egg-info")
