"""`samrun`: runs SAM templates on this machine, and prints tokens and events for them."""

import asyncio
import sys

from samrun.cli.arguments import parse_arguments, read_stack_settings, read_token_settings
from samrun.cli.banner import print_banner
from samrun.cli.event_options import read_event_settings
from samrun.cli.fetch import fetch_java_programs
from samrun.cli.generate_event import generate_event
from samrun.cli.mappings_run import run_mappings_until_stopped
from samrun.cli.run_until_signal import run_until_signal
from samrun.cli.token import create_token
from samrun.errors import UserError
from samrun.settings import Settings
from samrun.stack import run_stack
from samrun.supervision.terminal import Terminal, standard_terminal, without_controls

INTERRUPTED = 130


def main() -> int:
    """Run the command that the command line names; return the exit status."""
    options = parse_arguments(sys.argv[1:])
    try:
        match options.command:
            case "token":
                print(create_token(read_token_settings(options)))
            case "generate-event":
                print(generate_event(read_event_settings(options)).decode())
            case "mappings":
                return run_mappings_until_stopped(options)
            case "fetch":
                return run_until_signal(fetch_java_programs(), interrupted=INTERRUPTED)
            case _:
                return _up(read_stack_settings(options))
    except UserError as error:
        print(without_controls(str(error)), file=sys.stderr)
        return 1
    return 0


def _up(settings: Settings) -> int:
    terminal = standard_terminal(settings.data / "logs")
    return run_until_signal(_run(settings, terminal), say=terminal.say)


async def _run(settings: Settings, terminal: Terminal) -> None:
    async with run_stack(settings, terminal) as stack:
        print_banner(stack, settings, terminal)
        await asyncio.Event().wait()
