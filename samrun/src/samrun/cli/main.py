"""Entry point of `samrun`. It imports little, so that Ctrl-C ends a command well from its first moment on."""

import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130
"""Exit status of a command that Ctrl-C ended."""


def main() -> int:
    """Run the command that the command line names; return the exit status."""
    before = signal.signal(signal.SIGINT, _end_at_once)
    try:
        from samrun.cli.command_line import run_command_line

        return run_command_line(sys.argv[1:])
    except KeyboardInterrupt:  # of a command that ends in order: see `interruptible`
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, before)


def _end_at_once(_number: int, _frame: FrameType | None) -> None:
    """End the process without a traceback: a KeyboardInterrupt amid an import would come out as some other error."""
    try:
        sys.stdout.flush()
    finally:  # also if the stream is being written at this moment, or nobody reads it
        os._exit(INTERRUPTED)
