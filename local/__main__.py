"""`python -m local`: run a SAM template on this machine, make a token for the one that runs, or an event."""

import asyncio
import logging
import sys

from local.errors import PlainError
from local.event_settings import EventSettings, event_settings
from local.generate_event import generate_event
from local.ready import say_ready
from local.running import run
from local.settings import Settings, TokenSettings, parse, stack_settings, token_settings
from local.stack import stack
from local.terminal import Terminal, standard
from local.tokens import token


async def _run(settings: Settings, terminal: Terminal) -> None:
    async with stack(settings, terminal) as running:
        say_ready(running, terminal)
        await asyncio.Event().wait()


def _run_until_signal(settings: Settings) -> int:
    terminal = standard(settings.data / "logs")
    return run(_run(settings, terminal), say=terminal.say)


def _print_token(settings: TokenSettings) -> int:
    print(token(settings))
    return 0


def _print_event(settings: EventSettings) -> int:
    print(generate_event(settings).decode())
    return 0


def main() -> int:
    """Do what the command line says; return the exit status."""
    # What of its troubles matters, the parts that use it say in words.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    options = parse(sys.argv[1:])
    try:
        match options.command:
            case "token":
                return _print_token(token_settings(options))
            case "generate-event":
                return _print_event(event_settings(options))
        settings = stack_settings(options)
    except PlainError as error:
        print(error, file=sys.stderr)
        return 1
    return _run_until_signal(settings)


if __name__ == "__main__":
    sys.exit(main())
