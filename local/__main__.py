"""`python -m local`: run a SAM template on this machine."""

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Iterable

from local.errors import plain_errors
from local.settings import Settings, SettingsError, read
from local.stack import Stack, stack
from local.terminal import Terminal, standard


async def _run(settings: Settings, terminal: Terminal) -> None:
    _cancel_on_signals(terminal)
    async with stack(settings, terminal) as running:
        _say_ready(running, terminal)
        await asyncio.Event().wait()


def _cancel_on_signals(terminal: Terminal) -> None:
    """Have the first signal that asks us to end cancel the current task; the next ones change nothing."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    ending = False

    def end() -> None:
        nonlocal ending
        if not ending and task is not None:
            ending = True
            task.cancel()
            terminal.say("\nEnding everything …")

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end)


def _say_ready(running: Stack, terminal: Terminal) -> None:
    terminal.say(f"\nReady after {time.monotonic() - terminal.started:.1f} s. Ctrl-C ends everything.\n")
    for name, address in running.endpoints.by_name().items():
        terminal.say(f"  {name:<9} {address}")
    for api in running.application.apis:
        if api.openapi_document:
            terminal.say(f"  docs      {running.endpoints.api}/docs")
        if api.try_it and running.endpoints.api:
            terminal.say(f"\nTry it:\n\n{api.try_it.replace('{api}', running.endpoints.api).rstrip()}\n")


def main() -> int:
    """Run until a signal ends it; return the exit status."""
    try:
        settings = read(sys.argv[1:])
    except SettingsError as error:
        return _fail([error])
    terminal = standard(settings.data / "logs")
    # What of its troubles matters, the parts that use it say in words.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    try:
        asyncio.run(_run(settings, terminal))
    except asyncio.CancelledError:
        return 0
    except BaseExceptionGroup as group:
        return _fail(plain_errors(group))
    return 0


def _fail(errors: Iterable[BaseException]) -> int:
    for error in errors:
        print(f"\n{error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
