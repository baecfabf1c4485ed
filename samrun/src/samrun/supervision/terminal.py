"""Terminal: prints a line for each step of the stack, and the functions' log lines in short."""

import contextlib
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Protocol, TextIO

from samrun.supervision.access import Access
from samrun.supervision.function_log import write_function_log

_WIDTH = 16
_BESIDE_TEXT = len("00:00:00.000") + _WIDTH + 4
_CLEAR_LINE = "\r\x1b[K"
# A terminal acts on these instead of showing them: escape sequences (ECMA-48), and control characters but for the tab
# and the line feed.
_CONTROLS = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_].*?(?:\x1b\\|\x07|\x9c)|\x1b[ -/]*[0-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]",
    re.DOTALL,
)
_COLOURS = {"ERROR": "31", "CRITICAL": "31", "WARNING": "33", "WARN": "33", "source": "36", "time": "2"}
# The runtime client logs this before each error that a function raises, with a long text about runtime updates.
_GENERAL_ADVICE = "LAMBDA_WARNING: "
# Powertools and the runtime client put these into every line; all others are the line's own.
_ROUTINE = {
    "cold_start",
    "correlation_id",
    "errorMessage",
    "errorType",
    "exception",
    "exception_name",
    "function_arn",
    "function_memory_size",
    "function_name",
    "function_request_id",
    "level",
    "location",
    "log_level",
    "logger",
    "message",
    "requestId",
    "sampling_rate",
    "service",
    "stack_trace",
    "stackTrace",
    "timestamp",
    "xray_trace_id",
}


def without_controls(text: str) -> str:
    """Return a text without escape sequences and control characters: functions, clients and mails write parts of it."""
    return _CONTROLS.sub("", text)


def shows_colours(output: TextIO) -> bool:
    """Tell whether to write colours: to a terminal, unless NO_COLOR is set (https://no-color.org)."""
    return output.isatty() and not os.environ.get("NO_COLOR")


class NamedFunction(Protocol):
    """A function, as far as the terminal knows it."""

    @property
    def name(self) -> str:
        """The name of the function."""
        ...


class Terminal:
    """Terminal that prints to `output`, and writes the functions' log lines unchanged to files below `logs`.

    It prints no escape sequence of others: with one, a log line could change what stands above it.
    """

    def __init__(self, output: TextIO, logs: Path) -> None:
        self._output = output
        self._logs = logs
        self._coloured = shows_colours(output)
        self.updates = output.isatty() and os.environ.get("TERM") != "dumb"
        """True if a line can be shown that another one replaces: on a terminal that a person reads."""
        self._status = ""
        self._status_shown = False
        self._logs_fail = False
        self.started = time.monotonic()

    def step(self, source: str, text: str, *, level: str = "INFO") -> None:
        """Print a line about what `source` did."""
        self._print(self._line(source, text, level))

    def show_status(self, source: str, text: str) -> None:
        """Show a line below all others, until `clear_status` or another one. Only a terminal that `updates` has one."""
        width = shutil.get_terminal_size().columns - _BESIDE_TEXT - 1
        self._status = self._line(source, text if len(text) <= width else f"{text[: width - 1]}…", "INFO")
        self._write("")

    def clear_status(self) -> None:
        """Take the line of `show_status` away."""
        self._status = ""
        self._write("")

    def _line(self, source: str, text: str, level: str) -> str:
        moment = datetime.now().astimezone().strftime("%H:%M:%S.%f")[:-3]
        text = without_controls(text).replace("\n", "\n" + " " * _BESIDE_TEXT)
        source = f"{without_controls(source):<{_WIDTH}}"
        return f"{self._in('time', moment)}  {self._in('source', source)}  {self._in(level, text)}"

    def say(self, text: str) -> None:
        """Print some text."""
        self._print(without_controls(text))

    def _print(self, text: str) -> None:
        self._write(f"{text}\n")

    def _write(self, text: str) -> None:
        # One write for everything, since the mappings' threads print, too.
        cleared, self._status_shown = _CLEAR_LINE if self._status_shown else "", bool(self._status)
        with contextlib.suppress(OSError, ValueError):  # nobody reads the terminal any more; the stack goes on
            self._output.write(f"{cleared}{text}{self._status}")
            self._output.flush()

    def access(self, access: Access) -> None:
        """Print a request to the gateway, with its status and its duration."""
        if access.function is None and access.status < 400:
            return  # the page of docs makes many such requests
        level = "INFO" if access.status < 500 else "ERROR"
        answer = f"{access.status} in {access.milliseconds:.0f} ms"
        self.step("HTTP", f"{access.method} {access.path} → {answer}", level=level)

    def function(self, function: NamedFunction, line: str) -> None:
        """Print a line that a function logged, and write it to the function's log file."""
        self._write_function_log(function, line)
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        if not isinstance(entry, dict):
            if _GENERAL_ADVICE not in line:
                self.step(function.name, line)
            return
        level = str(entry.get("level") or entry.get("log_level") or "INFO")
        if not _is_noise(entry, level):
            self.step(function.name, _in_short(entry, level), level=level)

    def _write_function_log(self, function: NamedFunction, line: str) -> None:
        """Write a line to the file. A disk that is full does not end the function: the terminal has the line."""
        try:
            write_function_log(self._logs, function.name, line)
        except OSError as error:
            if not self._logs_fail:  # not with each line
                self._logs_fail = True
                text = (
                    f"{self._logs} takes no more lines of functions, which are only here: {error.strerror}. Make room."
                )
                self.step("logs", text, level="ERROR")
        else:
            self._logs_fail = False

    def _in(self, what: str, text: str) -> str:
        colour = _COLOURS.get(what)
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured and colour else text


def _is_noise(entry: Mapping[str, Any], level: str) -> bool:
    """Return whether a line is not for people: metrics in CloudWatch's embedded format, debugging, general advice."""
    return "_aws" in entry or level == "DEBUG" or str(entry.get("message")).startswith(_GENERAL_ADVICE)


def _in_short(entry: Mapping[str, Any], level: str) -> str:
    details = "  ".join(f"{name}={value}" for name, value in entry.items() if name not in _ROUTINE)
    first = "  ".join(part for part in ("" if level == "INFO" else level, _message(entry), details) if part)
    return f"{first}\n{_trace(entry)}".rstrip()


def _message(entry: Mapping[str, Any]) -> str:
    if "message" not in entry and "errorType" in entry:
        return f"{entry['errorType']}: {entry.get('errorMessage')}"
    return str(entry.get("message", ""))


def _trace(entry: Mapping[str, Any]) -> str:
    # The runtime client logs a list of lines. A function may print any JSON, so every type is checked.
    lines = entry.get("stackTrace")
    return str(entry.get("exception") or "") or ("".join(map(str, lines)) if isinstance(lines, list) else "")


def standard_terminal(logs: Path) -> Terminal:
    """Return the terminal on standard output."""
    if isinstance(sys.stdout, TextIOWrapper):
        # A function may log text that has no encoding (half a surrogate pair); such a line must not end the stack.
        sys.stdout.reconfigure(errors="backslashreplace")
    return Terminal(sys.stdout, logs)
