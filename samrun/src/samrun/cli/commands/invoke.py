"""`samrun invoke`: invokes a function and prints its response."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from samrun.administration.lambda_client import InvocationType, InvokeResponse, invoke_function, lambda_client
from samrun.administration.stack_functions import StackFunctions
from samrun.cli.common_options import add_data_option, add_json_option
from samrun.cli.output import in_colour, print_json
from samrun.errors import UserError
from samrun.supervision.terminal import without_controls

DESCRIPTION = (
    "Invokes a function of a stack that runs by Lambda's API, and prints its response. The exit status is 1 if the "
    "function failed; the response is its error then."
)
EXAMPLES = (
    "samrun invoke Hello --event event.json",
    "samrun generate-event msk --topic greetings --value Hi | samrun invoke Hello --event - --log-type tail",
    "samrun invoke Hello --type Event                   # asynchronous",
    "samrun invoke Hello --json | jq -r .payload",
)
_STANDARD_INPUT = Path("-")


class NoEventError(UserError):
    """The file with the event cannot be read."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "function", metavar="FUNCTION", help="the function's name, logical id or ARN; :ALIAS may follow"
    )
    parser.add_argument("--event", type=Path, metavar="FILE", help="file with the event (-: standard input; none: {})")
    parser.add_argument(
        "--type",
        choices=get_args(InvocationType),
        default="RequestResponse",
        help="RequestResponse waits for the response (default); Event does not, and is retried; DryRun only asks",
    )
    parser.add_argument(
        "--log-type", choices=("none", "tail"), default="none", help="tail: print the end of the log to standard error"
    )
    add_json_option(parser)
    add_data_option(parser)


def run(options: argparse.Namespace) -> int:
    """Invoke the function."""
    client, with_log = lambda_client(options.data), options.log_type == "tail"
    functions = StackFunctions.read(options.data)
    response = invoke_function(
        client, functions.qualified_name(options.function), _event(options.event), kind=options.type, with_log=with_log
    )
    if options.json:
        print_json(asdict(response))
    else:
        _print(response, options)
    return 1 if response.function_error else 0


def _print(response: InvokeResponse, options: argparse.Namespace) -> None:
    if response.log is not None:
        print(in_colour("dim", without_controls(response.log.rstrip())), file=sys.stderr)
    if response.payload:
        print(without_controls(response.payload))
    if response.function_error:
        print(f"{options.function} failed ({response.function_error}).", file=sys.stderr)


def _event(file: Path | None) -> bytes:
    if file is None:
        return b"{}"
    if file == _STANDARD_INPUT:
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise NoEventError(f"{file}, the file with the event, cannot be read: {error.strerror}") from error
