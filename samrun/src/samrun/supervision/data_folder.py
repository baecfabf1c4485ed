"""Data folder of a stack: one stack at a time uses it. It says which one, and in which format the data are."""

import errno
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import filelock

from samrun.errors import UserError
from samrun.rfc3339 import rfc3339
from samrun.supervision.files import write_atomically

FORMAT = 1
"""Number of the format. A change after which an earlier samrun cannot use the data makes it greater: of the files of
samrun itself, or of the versions of Kafka and DynamoDB Local."""

FILE = "stack.json"
"""The file with the format, and with the process of the stack, which may have ended."""

_LOCK = "lock"


class DataFolderError(UserError):
    """The data folder cannot be created or written."""


class StackInUseError(UserError):
    """Another stack runs on the same data folder."""


class NewerDataError(UserError):
    """The data in the folder are those of a newer samrun."""


def lock_data_folder(data: Path, *, command: str, version: str) -> Callable[[], None]:
    """Take the data folder of a stack for `samrun COMMAND`, and return the function that releases it.

    Creates the folder if necessary. Raises DataFolderError, StackInUseError or NewerDataError.
    """
    lock = filelock.FileLock(data / _LOCK, timeout=0)
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout:
        raise StackInUseError(
            f"Another stack runs on {data}{_holder(data)}: end it, or give this one a folder of its own with --data."
        ) from None
    except OSError as error:
        raise unwritable(data, error) from error
    try:
        _check_format(data)
        _note_holder(data, command, version)
    except BaseException:
        lock.release()
        raise
    return lock.release


def _check_format(data: Path) -> None:
    """Refuse the data of a newer samrun. Data without a number are those of an earlier one."""
    found = _read(data)
    number = found.get("format", FORMAT)
    if isinstance(number, int) and number > FORMAT:
        raise NewerDataError(
            f"{data} has the data of a newer samrun ({found.get('samrun')}, format {number}), and this one knows "
            f"formats up to {FORMAT}. Update samrun, or choose another folder with --data."
        )


def _note_holder(data: Path, command: str, version: str) -> None:
    started = rfc3339(datetime.now(UTC), "seconds")
    holder = {"format": FORMAT, "samrun": version, "command": command, "process": os.getpid(), "started": started}
    try:
        write_atomically(data / FILE, json.dumps(holder, indent=2) + "\n")
    except OSError as error:
        raise unwritable(data, error) from error


def _holder(data: Path) -> str:
    """Return who holds the folder, in parentheses; nothing if the folder does not say it, as an earlier samrun left it.

    A process in a container has another number here, but the command and the time are the same.
    """
    found = _read(data)
    if not {"command", "process", "started"} <= found.keys():
        return ""
    return f" (`samrun {found['command']}`, process {found['process']}, since {found['started']})"


def _read(data: Path) -> dict[str, object]:
    try:
        found = json.loads((data / FILE).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def unwritable(data: Path, error: BaseException) -> DataFolderError:
    """Return the error that a data folder cannot be written, because of an OSError."""
    reason = error.strerror if isinstance(error, OSError) else error
    advice = "Make room there, or choose another with --data." if is_full_disk(error) else "Choose another with --data."
    return DataFolderError(f"{data}, the folder for data and logs, cannot be written: {reason}. {advice}")


def is_full_disk(error: BaseException) -> bool:
    """Tell whether an error says that a disk, or the share that this user has of it, is full."""
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
