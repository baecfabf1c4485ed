"""`python -m local`: run a SAM template on this machine."""

import asyncio
import logging
import sys
import time

from local.running import run
from local.settings import Settings, SettingsError, read
from local.stack import Stack, stack
from local.terminal import Terminal, standard


async def _run(settings: Settings, terminal: Terminal) -> None:
    async with stack(settings, terminal) as running:
        _say_ready(running, terminal)
        await asyncio.Event().wait()


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
        print(error, file=sys.stderr)
        return 1
    # What of its troubles matters, the parts that use it say in words.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    terminal = standard(settings.data / "logs")
    return run(_run(settings, terminal), say=terminal.say)


if __name__ == "__main__":
    sys.exit(main())
