"""Runs a command of the terminal: a signal ends it in order, and its errors are told in words."""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from local.errors import PlainError, plain_errors


def run(work: Coroutine[Any, Any, None], *, say: Callable[[str], None] = print, interrupted: int = 0) -> int:
    """Run `work` until it is done, and return the exit status: `interrupted` if a signal ended it, 1 for an error.

    Errors that can be told in words, alone or in a group, go to standard error; all others are raised.
    """
    try:
        asyncio.run(_until_signal(work, say))
    except asyncio.CancelledError:
        return interrupted
    except PlainError as error:
        return _fail([error])
    except BaseExceptionGroup as group:
        return _fail(plain_errors(group))
    return 0


async def _until_signal(work: Coroutine[Any, Any, None], say: Callable[[str], None]) -> None:
    """Have the first signal that asks us to end cancel the work; the next ones change nothing."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    ending = False

    def end() -> None:
        nonlocal ending
        if not ending and task is not None:
            ending = True
            task.cancel()
            say("\nEnding everything …")

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end)
    await work


def _fail(errors: Iterable[BaseException]) -> int:
    for error in errors:
        print(f"\n{error}", file=sys.stderr)
    return 1
