"""Deployment package of a function: the folder from which it runs, as Lambda unpacks it to /var/task."""

import shutil
import tempfile
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

from samrun.errors import UserError
from samrun.template.model.functions import Function


class PackageError(UserError):
    """A function's code is not there, or is a zip that cannot be read."""


def unpack(function: Function, folder: Path) -> Function:
    """Return the function with a folder as its code. Raises PackageError.

    A folder stays where it is. A zip, a single file and inline code get a new folder in `folder`, so that a process
    that still runs the earlier code keeps its files.
    """
    if function.inline_code is None and function.code.is_dir():
        return function
    try:
        folder.mkdir(parents=True, exist_ok=True)
        package = Path(tempfile.mkdtemp(prefix=f"{function.name}-", dir=folder)).resolve()
        if function.inline_code is not None:
            (package / function.code.name).write_text(function.inline_code, encoding="utf-8")
        elif function.code.suffix == ".zip":
            _unzip(function, package)
        else:
            shutil.copy2(function.code, package)
    except FileNotFoundError as error:
        raise PackageError(f"{function.name}: its code {function.code} is not there. Build it again.") from error
    except OSError as error:
        raise PackageError(f"{function.name}: its code {function.code} cannot be unpacked: {error}") from error
    return replace(function, code=package, inline_code=None)


def _unzip(function: Function, package: Path) -> None:
    try:
        with zipfile.ZipFile(function.code) as archive:
            archive.extractall(package)
    # A zip of another tool may be encrypted (RuntimeError) or packed in a way that Python does not know.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise PackageError(
            f"{function.name}: {function.code} cannot be read as a zip: {error}. Build it again."
        ) from error
