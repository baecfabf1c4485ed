"""Runner of a command: until a signal stops it in order. It prints the command's errors as messages."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from samrun.errors import UserError, user_errors
from samrun.supervision.terminal import without_controls

_ONE_PRESS = 1.0  # seconds
_INTERRUPTED = 130  # the exit status of a process that SIGINT ended


def run_until_signal(
    work: Coroutine[Any, Any, None], *, say: Callable[[str], None] = print, interrupted: int = 0
) -> int:
    """Run `work` until it is done, and return the exit status: `interrupted` if a signal ended it, 1 for an error.

    Prints each UserError, alone or in a group, to standard error. Raises all other errors.
    """
    try:
        asyncio.run(_cancel_on_signal(work, say))
    except asyncio.CancelledError:
        return interrupted
    except UserError as error:
        return _fail([error])
    except BaseExceptionGroup as group:
        return _fail(user_errors(group))
    return 0


async def _cancel_on_signal(work: Coroutine[Any, Any, None], say: Callable[[str], None]) -> None:
    """Await the work. The first SIGINT, SIGTERM or SIGHUP cancels it.

    A second one ends the process at once, and with it those that it has started. Within a second of the first it
    changes nothing: a terminal and `make` both send the Ctrl-C that was pressed once.
    """
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    ended_at: float | None = None

    def end() -> None:
        nonlocal ended_at
        if ended_at is None and task is not None:
            ended_at = loop.time()
            task.cancel()
            say("\nStopping the stack …")
        elif ended_at is not None and loop.time() - ended_at > _ONE_PRESS:
            say("\nEnded at once.")
            sys.stdout.flush()
            os._exit(_INTERRUPTED)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end)
    await work


def _fail(errors: Iterable[BaseException]) -> int:
    for error in errors:
        # It may have the last lines of a log.
        print(f"\n{without_controls(str(error))}", file=sys.stderr)
    return 1
