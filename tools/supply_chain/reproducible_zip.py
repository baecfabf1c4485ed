"""Reproducible zips: one content has one zip, bit by bit, whenever and wherever it is packed.

The SAM CLI packs the files in the order in which the file system lists them, and with the permissions that they happen
to have. So its zips of one content differ between machines.
"""

from __future__ import annotations

import stat
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# The first day that a zip knows.
_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_CACHE = "__pycache__"
# Flags of byte code, bytes 4 to 8 of its file (PEP 552): a hash instead of the source's time, and not to be checked.
_UNCHECKED_HASH = 0b01


def pack(folder: Path, target: Path) -> None:
    """Write the files of a folder into a zip: sorted, with one date, and readable by everybody, as Lambda demands."""
    files = sorted(
        (path for path in folder.rglob("*") if path.is_file() and _is_packed(path)),
        key=lambda path: path.relative_to(folder).as_posix(),
    )
    with zipfile.ZipFile(target, "w") as archive:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _DATE)
            is_executable = path.stat().st_mode & stat.S_IXUSR
            entry.create_system = _UNIX
            entry.external_attr = (stat.S_IFREG | (0o755 if is_executable else 0o644)) << 16
            # zlib's output depends on its version: at one level, at least, for all who have the same.
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=9)


def _is_packed(path: Path) -> bool:
    """Leave out byte code with the time of its source, which an interpreter writes: it differs from build to build."""
    if _CACHE not in path.parts:
        return True
    with path.open("rb") as file:
        return int.from_bytes(file.read(8)[4:], "little") == _UNCHECKED_HASH
