"""Runner of a stack on the terminal: starts it, prints the banner, and waits until a signal ends it."""

import asyncio
import gc

from samrun.cli.banner import print_banner
from samrun.cli.run_until_signal import run_until_signal
from samrun.services import dynamodb, kafka
from samrun.services.quick_starts import prepared_in_background
from samrun.settings import Settings
from samrun.stack import run_stack
from samrun.supervision.terminal import Terminal, standard_terminal


def run_until_stopped(settings: Settings) -> int:
    """Run a stack until a signal ends it; return the exit status."""
    terminal = standard_terminal(settings.data / "logs")
    return run_until_signal(_run(settings, terminal), say=terminal.say)


async def _run(settings: Settings, terminal: Terminal) -> None:
    async with run_stack(settings, terminal) as stack:
        print_banner(stack, settings, terminal)
        # A mapping makes so many objects that the garbage collector would take a fifth of the processor. Those that are
        # there now stay: it need not look through them. And few of the later ones are garbage.
        gc.freeze()
        gc.set_threshold(50_000)
        own = ((kafka.PROGRAM, settings.kafka), (dynamodb.PROGRAM, settings.dynamodb))
        programs = [program for program, external in own if not external]
        async with prepared_in_background(programs, logs=settings.data / "logs"):
            await asyncio.Event().wait()
