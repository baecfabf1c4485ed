"""Parser of the command line. It imports the module of the named command only."""

import argparse
import shutil
import textwrap
from collections.abc import Collection, Iterator, Sequence
from importlib import import_module
from typing import Protocol, cast

from samrun import __version__
from samrun.cli.command_table import COMMANDS, GROUPS

_DESCRIPTION = (
    "Runs SAM applications on this machine: functions, APIs, schedules, and triggers by Kafka and other services, "
    "with a real Kafka and DynamoDB, and moto as AWS."
)


# Options of `samrun` itself.
_WITHOUT_COMMAND = {"-h", "--help", "--version"}


class CommandModule(Protocol):
    """Module of a command. `DESCRIPTION` is a text for its help, `EXAMPLES` are command lines with their comments."""

    DESCRIPTION: str
    EXAMPLES: Sequence[str]

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of the command."""
        ...

    def run(self, options: argparse.Namespace) -> int:
        """Run the command, and return its exit status. Raises UserError."""
        ...


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line, with the function `run` of its command.

    Options without a command are those of `up`. Prints the commands, and exits, if the command line is empty. Exits on
    --help and on unknown options.
    """
    first = next(iter(arguments), "--help")
    if first.startswith("-") and first not in _WITHOUT_COMMAND:
        arguments = ["up", *arguments]
    return command_parser({next(iter(arguments), first)}).parse_args(arguments or [first])


def command_parser(named: Collection[str] = COMMANDS.keys()) -> argparse.ArgumentParser:
    """Return the parser of all commands, with the options of those that are named."""
    parser = _MainParser(prog="samrun", description=_DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"samrun {__version__}", help="print the version")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=argparse.ArgumentParser
    )
    for command in COMMANDS.values():
        added = commands.add_parser(
            command.name, help=command.summary, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if command.name in named:
            module = cast("CommandModule", import_module(command.module))
            added.description = "\n\n".join(_wrapped(text) for text in module.DESCRIPTION.split("\n\n"))
            added.epilog = _examples(module.EXAMPLES)
            module.add_options(added)
            added.set_defaults(run=module.run)
    return parser


def add_word(
    words: "argparse._SubParsersAction[argparse.ArgumentParser]",
    word: str,
    *,
    summary: str,
    examples: Sequence[str],
    description: str | None = None,
) -> argparse.ArgumentParser:
    """Add a further word of a command, such as `topics create`, and return its parser."""
    return words.add_parser(
        word,
        help=summary,
        description=_wrapped(description or f"{summary[0].upper()}{summary[1:]}."),
        epilog=_examples(examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _examples(lines: Sequence[str]) -> str:
    return "examples:\n" + textwrap.indent("\n".join(lines), "  ")


class _MainParser(argparse.ArgumentParser):
    """Parser whose help shows the commands in groups, which argparse has for options only."""

    def format_help(self) -> str:
        return "\n".join(_main_help())


def _main_help() -> Iterator[str]:
    yield "usage: samrun COMMAND …\n"
    yield _wrapped(_DESCRIPTION)
    width = max(map(len, COMMANDS)) + 2
    for title, commands in GROUPS.items():
        yield f"\n{title}:"
        yield from (f"  {command.name:<{width}}{command.summary}" for command in commands)
    yield "\nsamrun COMMAND --help shows the options of a command, with examples."
    yield "samrun --template PATH is short for samrun up --template PATH; samrun --version prints the version.\n"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, width=max(40, shutil.get_terminal_size().columns - 2))
