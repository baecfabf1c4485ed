"""`samrun logs`: prints what the functions logged."""

import argparse
from collections.abc import Iterable

from samrun.administration.log_reader import LogFollower, LogLine, NoLogError, last_lines, logged_functions
from samrun.administration.stack_functions import StackFunctions
from samrun.cli.common_options import add_data_option, add_json_option
from samrun.cli.option_types import positive_number
from samrun.cli.output import check_reader, in_colour, print_json_line
from samrun.supervision.terminal import without_controls

DESCRIPTION = (
    "Prints the last lines that a function logged, or those of every function, each with its function's name. The logs "
    "stay when their stack ends: the last 50 MB or more of each function are in the data folder, under logs/functions."
)
EXAMPLES = (
    "samrun logs Hello",
    "samrun logs --follow                               # of all functions, as they come, until Ctrl-C",
    "samrun logs Hello --lines 1000 | grep ERROR",
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "function", nargs="?", metavar="FUNCTION", help="its name, logical id or ARN (default: all functions)"
    )
    parser.add_argument("--follow", action="store_true", help="go on with the lines that come, until Ctrl-C")
    parser.add_argument(
        "--lines", type=positive_number, default=100, metavar="NUMBER", help="how many lines of each function (100)"
    )
    add_json_option(parser)
    add_data_option(parser)


def run(options: argparse.Namespace) -> int:
    """Print the lines."""
    logs = options.data / "logs"
    functions = StackFunctions.read(options.data)
    names = [functions.resolve(options.function)[0]] if options.function else []
    with LogFollower(logs, names) as follower:
        for name in names or logged_functions(logs):
            try:
                _print(last_lines(logs, name, options.lines), options)
            except NoLogError:
                # A function of the stack may log something yet.
                if not options.follow or name not in functions.names.values():
                    raise
        if options.follow:
            _print(follower.lines(while_waiting=check_reader), options)
    return 0


def _print(lines: Iterable[LogLine], options: argparse.Namespace) -> None:
    for line in lines:
        if options.json:
            print_json_line(line._asdict())
        else:
            name = "" if options.function else in_colour("cyan", f"{without_controls(line.function)}  ")
            print(f"{name}{without_controls(line.text)}", flush=True)
