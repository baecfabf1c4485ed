"""Command line: runs one command, and reports what a person can mend as a message, without a traceback."""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from samrun.cli.parser import parse_arguments
from samrun.errors import UserError
from samrun.supervision.terminal import without_controls

_BROKEN_PIPE = 141
"""Exit status of a command whose output nobody reads any more: the shell's, of a process that SIGPIPE ended."""


def run_command_line(arguments: Sequence[str]) -> int:
    """Run a command, and return its exit status: 1 if it failed, 2 for an unknown option (by argparse)."""
    _write_any_text()
    try:
        try:
            return _run(arguments)
        finally:
            if sys.stdout:
                sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes the stream once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE


def _run(arguments: Sequence[str]) -> int:
    try:
        options = parse_arguments(arguments)
        return int(options.run(options))
    except UserError as error:
        print(without_controls(str(error)), file=sys.stderr)
        return 1


def _write_any_text() -> None:
    """Let the standard output write what its encoding lacks: a record or a path may have any character."""
    is_utf_8 = sys.stdout and sys.stdout.encoding.lower() == "utf-8"
    if isinstance(sys.stdout, TextIOWrapper) and (sys.stdout.errors == "strict" or not is_utf_8):
        sys.stdout.reconfigure(errors="backslashreplace")
