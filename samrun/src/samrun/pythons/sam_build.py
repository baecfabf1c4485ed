"""Artifacts of `sam build`: a function's code together with its packages, if they are newer than its sources."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import watchfiles
import yaml

from samrun.template.model.functions import Function
from samrun.template.reading.yaml_text import read_yaml

_BUILD = Path(".aws-sam", "build", "template.yaml")
_IGNORED = {*watchfiles.DefaultFilter.ignore_dirs, ".aws-sam"}
# The magic number, class and machine of an ELF file, and the kind and processor of a Mach-O file.
_ELF, _HEADER = b"\x7fELF", 20


def fresh_artifact(function: Function, executable: Path, *, ignored: Path) -> Path | None:
    """Return the folder with the function's artifact of `sam build`, or None if the function runs from its sources.

    An artifact counts if it was built after the last change of the function's sources and its template, and if its
    compiled modules are for the machine of the interpreter `executable`. Changes in the folder `ignored`, which may be
    beside the code, do not count. A function that is debugged runs from its sources, where its breakpoints are.
    Functions of nested stacks have no artifact here.
    """
    if (
        function.debug_port is not None
        or function.template is None
        or function.code_uri is None
        or "/" in function.logical_id
    ):
        return None
    built = function.template.parent / _BUILD
    try:
        built_at = built.stat().st_mtime_ns
        changes = [function.template.stat().st_mtime_ns, *_changes(function.code_uri, ignored.resolve())]
        artifact = _artifact(built, function.logical_id) if max(changes) < built_at else None
        return artifact if artifact and _fits(artifact, executable) else None
    except OSError:  # there is no build, or a file is gone while we look
        return None


def _changes(folder: Path, ignored: Path) -> Iterator[int]:
    """Yield the time of the last change of each file and each folder; a folder changes when a file in it is deleted."""
    for parent, names, files in os.walk(folder):
        names[:] = [name for name in names if name not in _IGNORED and Path(parent, name) != ignored]
        yield from (Path(parent, name).stat().st_mtime_ns for name in files)
        yield Path(parent).stat().st_mtime_ns


def _artifact(built: Path, logical_id: str) -> Path | None:
    """Return the folder that the built template gives a function: several functions may share one."""
    try:
        template: Any = read_yaml(built)
        code = template["Resources"][logical_id]["Properties"]["CodeUri"]
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError):
        return None
    folder = built.parent / code if isinstance(code, str) else built
    return folder.resolve() if folder.is_dir() else None


def _fits(artifact: Path, executable: Path) -> bool:
    """Tell whether the compiled modules in an artifact are for this machine: a build may be for another processor."""
    own = _machine(executable)
    return all(_machine(module) == own for module in artifact.rglob("*.so"))


def _machine(file: Path) -> tuple[bytes, bytes]:
    """Return the parts of a program's or module's header that say for which machine it is."""
    with file.open("rb") as opened:
        header = opened.read(_HEADER)
    return (header[:5], header[18:20]) if header.startswith(_ELF) else (header[:4], header[4:8])
