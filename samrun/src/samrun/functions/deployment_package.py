"""Deployment package of a function: the folder from which it runs, as Lambda unpacks it to /var/task.

Layers that are zips are unpacked, too, as Lambda does to /opt.
"""

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from samrun.errors import UserError
from samrun.template.functions.layers import search_path
from samrun.template.model.functions import Function

_CFNRESPONSE = Path(__file__).with_name("cfnresponse.py")


class PackageError(UserError):
    """A function's code is not there, or is a zip that cannot be read."""


def unpack(function: Function, folder: Path) -> Function:
    """Return the function with a folder as its code, and with folders as its layers. Raises PackageError.

    A folder stays where it is. A zip, a single file and inline code get a new folder in `folder`, so that a process
    that still runs the earlier code keeps its files.
    """
    unpacked, layers = _with_code(function, folder), tuple(_layer_folders(function, folder))
    return unpacked if layers == unpacked.layers else replace(unpacked, layers=layers)


def _with_code(function: Function, folder: Path) -> Function:
    if function.inline_code is None and function.code.is_dir():
        return function
    try:
        package = _new_folder(function, folder)
        if function.inline_code is not None:
            (package / function.code.name).write_text(function.inline_code, encoding="utf-8")
            # Lambda adds this module to inline code.
            shutil.copy2(_CFNRESPONSE, package)
        elif function.code.suffix == ".zip":
            _unzip(function, function.code, package)
        else:
            shutil.copy2(function.code, package)
    except FileNotFoundError as error:
        raise PackageError(f"{function.name}: its code {function.code} is not there. Build it again.") from error
    except OSError as error:
        raise PackageError(f"{function.name}: its code {function.code} cannot be unpacked: {error}") from error
    return replace(function, code=package, inline_code=None)


def _layer_folders(function: Function, folder: Path) -> Iterator[Path]:
    """Yield the folders of the layers in which Python looks for modules."""
    for layer in function.layers:
        if not layer.is_file():
            yield layer
            continue
        try:
            package = _new_folder(function, folder)
            _unzip(function, layer, package)
        except OSError as error:
            raise PackageError(f"{function.name}: its layer {layer} cannot be unpacked: {error}") from error
        yield from search_path(package)


def _new_folder(function: Function, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{function.name}-", dir=folder)).resolve()


def _unzip(function: Function, file: Path, package: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            archive.extractall(package)
    # A zip of another tool may be encrypted (RuntimeError) or packed in a way that Python does not know.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise PackageError(f"{function.name}: {file} cannot be read as a zip: {error}. Build it again.") from error
