"""Logs of the functions, a file for each, of a size that has a limit."""

import errno
import os
from io import FileIO
from pathlib import Path

FOLDER = "functions"
"""Folder of the functions' logs, in that of a stack's logs."""

_MAX_BYTES = 50 * 1024 * 1024


def function_log(logs: Path, function: str) -> Path:
    """Return the file of a function's log, below the folder of a stack's logs."""
    return logs / FOLDER / f"{function}.log"


def rotated_log(file: Path) -> Path:
    """Return the file with the older lines of a log."""
    return file.with_name(f"{file.name}.1")


def write_function_log(logs: Path, function: str, line: str, *, max_bytes: int = _MAX_BYTES) -> None:
    """Append a line to the log of a function.

    A file that has reached 50 MB becomes the one with the older lines, in the place of the one before it. Raises
    OSError if the file does not take the whole line, and leaves no part of it there.
    """
    file, content = function_log(logs, function), f"{line}\n".encode()
    try:
        log = _open(file)
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
        log = _open(file)
    with log:
        _write_whole(log, content)
        is_full = log.tell() >= max_bytes
    if is_full:
        file.replace(rotated_log(file))


def _write_whole(log: FileIO, content: bytes) -> None:
    """Write bytes, or none of them: a disk that becomes full takes some, and the next line would go on there."""
    end = log.seek(0, os.SEEK_END)
    if log.write(content) < len(content):
        log.truncate(end)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), log.name)


def _open(file: Path) -> FileIO:
    # Without a buffer: each line is one write.
    return FileIO(file, "a")
