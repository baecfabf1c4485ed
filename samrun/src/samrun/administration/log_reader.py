"""Reader of the functions' logs, which a stack keeps in files of its data folder."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Self

from samrun.errors import UserError
from samrun.supervision.function_log import FOLDER, function_log, rotated_log

_PAUSE = 0.2  # seconds


class NoLogError(UserError):
    """The function has logged nothing, or there is no such function; the message names those that have."""


class LogLine(NamedTuple):
    """A line that a function logged, without its end."""

    function: str
    text: str


def logged_functions(logs: Path) -> list[str]:
    """Return the names of the functions that have a log in a folder."""
    return sorted({file.name.removesuffix(".1").removesuffix(".log") for file in (logs / FOLDER).glob("*.log*")})


def last_lines(logs: Path, function: str, count: int) -> list[LogLine]:
    """Return the last lines of a function's log. Raises NoLogError."""
    file = function_log(logs, function)
    lines: deque[str] = deque(maxlen=count)
    files = [each for each in (rotated_log(file), file) if each.exists()]  # the older one first
    if not files:
        others = ", ".join(logged_functions(logs)) or "none"
        raise NoLogError(f"There is no log of {function} in {file.parent}; there are logs of: {others}.")
    for each in files:
        with each.open(encoding="utf-8", errors="replace", newline="\n") as log:
            lines.extend(line.removesuffix("\n") for line in log)
    return [LogLine(function, line) for line in lines]


class LogFollower:
    """Follower of the logs of some functions, or of all: of new lines, across rotations.

    A context manager: leaving it closes the files.
    """

    def __init__(self, logs: Path, functions: list[str]) -> None:
        """Note the ends of the logs as they are now. Without functions, follow all of them, also those to come."""
        self._logs = logs
        self._chosen = functions
        self._files: dict[str, _FollowedFile] = {}
        for name in functions or logged_functions(logs):
            self._files[name] = _FollowedFile(function_log(logs, name), at_end=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()

    def lines(self, *, while_waiting: Callable[[], None]) -> Iterator[LogLine]:
        """Yield each new line, for ever. Call `while_waiting` several times a second."""
        while True:
            while_waiting()
            found = list(self._new_lines())
            yield from found
            if not found:
                time.sleep(_PAUSE)

    def _new_lines(self) -> Iterator[LogLine]:
        for name in self._chosen or logged_functions(self._logs):
            if name not in self._files:
                self._files[name] = _FollowedFile(function_log(self._logs, name), at_end=False)
            for text in self._files[name].new_lines():
                yield LogLine(name, text)


class _FollowedFile:
    """File that grows, and that becomes another one when it has grown too large."""

    def __init__(self, path: Path, *, at_end: bool) -> None:
        self._path = path
        self._file = path.open("rb") if path.exists() else None
        self._rest = b""
        if self._file and at_end:
            self._file.seek(0, os.SEEK_END)

    def close(self) -> None:
        if self._file:
            self._file.close()

    def new_lines(self) -> Iterator[str]:
        if self._file:
            yield from self._complete(self._file.read())
        if self._was_replaced():
            if self._file:
                yield from self._complete(self._file.read())  # written between the two looks
                self._file.close()
            self._file = self._path.open("rb")
            yield from self._complete(self._file.read())

    def _was_replaced(self) -> bool:
        try:
            there = self._path.stat()
        except FileNotFoundError:  # amid a rotation, or not there yet
            return False
        return self._file is None or os.fstat(self._file.fileno()).st_ino != there.st_ino

    def _complete(self, read: bytes) -> Iterator[str]:
        *lines, self._rest = (self._rest + read).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)
