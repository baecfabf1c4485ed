"""Command line: the options of each command, and the settings that they stand for."""

import argparse
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

from samrun import __version__
from samrun.cli import event_options, mapping_options
from samrun.debugged_functions import DEBUG_PORT
from samrun.oidc.issuer import LIFETIME
from samrun.settings import (
    CONCURRENCY,
    DATA,
    PARTITIONS,
    PORTS,
    RETRY_DELAY,
    TEMPLATE,
    Settings,
    SettingsError,
    TokenSettings,
    stack_settings,
    token_settings,
)
from samrun.template.model.kafka_mappings import Redeliver

_STACK_EPILOG = (
    "The environment can set each port, too: API_PORT, LAMBDA_PORT, … samrun uses the external "
    "broker that KAFKA_BOOTSTRAP_SERVERS names, the DynamoDB of AWS_ENDPOINT_URL_DYNAMODB and the AWS (moto) of "
    "AWS_ENDPOINT_URL. "
    "AWS_ENDPOINT_URL_SESV2 and similar variables make the functions call that service elsewhere."
)
# Options of `samrun` itself; all others belong to a command.
_WITHOUT_COMMAND = {"-h", "--help", "--version"}


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line; `command` names the command. Exits on --help and on unknown options."""
    named = bool(arguments) and (not arguments[0].startswith("-") or arguments[0] in _WITHOUT_COMMAND)
    return _parser().parse_args(arguments if named else ["up", *arguments])


def read_stack_settings(options: argparse.Namespace) -> Settings:
    """Return the settings of the commands up and services. Raises UserError."""
    if options.template and options.templates:
        raise SettingsError("Name templates either as arguments or with --template, not both.")
    return stack_settings(
        command=options.command,
        templates=options.templates or [options.template or TEMPLATE],
        overrides=options.parameter_overrides,
        data=options.data,
        ports={name: getattr(options, f"{name}_port") for name in PORTS},
        partitions=options.partitions,
        concurrency=options.concurrency,
        redeliver=options.redeliver,
        sam=options.sam,
        env_vars=options.env_vars,
        retry_delay=options.retry_delay,
        lazy=options.lazy,
        use_current_env=options.use_current_env,
        debug=options.debug,
    )


def read_token_settings(options: argparse.Namespace) -> TokenSettings:
    """Return the settings of the command token. Raises UserError."""
    return token_settings(
        template=options.template or TEMPLATE,
        overrides=options.parameter_overrides,
        data=options.data,
        subject=options.sub,
        scopes=options.scope,
        audience=options.audience,
        lifetime=options.expires_in,
        claims=options.claim,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="samrun",
        description="Runs SAM applications on this machine: functions, APIs, schedules, and triggers by Kafka and "
        "other services, with a real Kafka and DynamoDB, and moto as AWS.",
        epilog="Without a command: up. Each command has its own --help.",
    )
    parser.add_argument("--version", action="version", version=f"samrun {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    up = commands.add_parser("up", help="run everything", epilog=_STACK_EPILOG)
    services = commands.add_parser(
        "services", help="run all but functions, gateway and triggers, for `sam local`", epilog=_STACK_EPILOG
    )
    for command in (up, services):
        _add_stack_options(command)
    _add_function_options(up)
    services.set_defaults(
        sam=False, env_vars=None, retry_delay=RETRY_DELAY, lazy=False, use_current_env=False, debug=()
    )
    commands.add_parser(
        "fetch",
        help="fetch the Java programs that up starts",
        description="Fetches Kafka and DynamoDB Local, once for this machine, as `samrun up` does too. With Java 25 or "
        "newer it also prepares Kafka, which then starts in half the time.",
    )
    _add_token_options(
        commands.add_parser(
            "token",
            help="print a token for the API of a stack that runs",
            description="Prints a token, and nothing else, for the API of a stack that runs: "
            'curl -H "authorization: Bearer $(samrun token --scope …)" …',
        )
    )
    mappings = commands.add_parser("mappings", help="run event source mappings alone, for functions elsewhere")
    mapping_options.add_runner_options(
        mappings.add_subparsers(dest="act", metavar="run", required=True).add_parser(
            "run",
            help="feed functions that run elsewhere from Kafka",
            description=mapping_options.DESCRIPTION,
            epilog=mapping_options.EPILOG,
        )
    )
    event_options.add_options(
        commands.add_parser(
            "generate-event",
            help="print the event of a Kafka trigger, for `sam local invoke`",
            description="Prints the event with which Kafka's event source mapping would invoke a function for one "
            "record: samrun generate-event msk --from-topic TOPIC | sam local invoke FUNCTION -e -",
            epilog="A field of the event that no option sets has its value from AWS's own example.",
        )
    )
    return parser


def _add_function_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sam",
        action="store_true",
        help="run the functions in containers, by `sam build` and `sam local start-lambda`",
    )
    parser.add_argument(
        "--use-current-env",
        action="store_true",
        help="run the functions with the Python and the packages with which samrun itself runs. That takes no "
        "installation, but functions find packages there that they do not name, and lack others. Without it, each has "
        "the Python of its Runtime and the packages of its requirements.txt, installed once",
    )
    parser.add_argument(
        "--env-vars",
        type=Path,
        metavar="FILE",
        help='values of the functions\' environment variables, as for `sam local`: {"FUNCTION": {"NAME": "VALUE"}} in '
        "JSON. `Parameters` instead of a function stands for all. The template must declare each variable",
    )
    parser.add_argument(
        "--retry-delay",
        type=_seconds,
        default=RETRY_DELAY,
        metavar="SECONDS",
        help="wait before the first retry of an asynchronous invocation, twice as long before the second; AWS "
        f"waits 60 s ({RETRY_DELAY:g})",
    )
    parser.add_argument(
        "--lazy",
        action="store_true",
        help="start the first environment of a function with its first invocation, as Lambda does, and not at once",
    )
    parser.add_argument(
        "--debug",
        action="append",
        default=[],
        metavar="FUNCTION[=PORT]",
        help="run a function under debugpy: it waits for a debugger (VS Code, PyCharm, …) on a port of 127.0.0.1, and "
        f"no timeout ends it; repeat for several (PORT: {DEBUG_PORT}, or a free one if that is taken; 0: a free one)",
    )


def _add_stack_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "templates",
        nargs="*",
        type=Path,
        metavar="TEMPLATE",
        help="SAM templates that run together, with one Kafka, one DynamoDB and one API (template.yaml)",
    )
    parser.add_argument("--template", type=Path, metavar="PATH", help="the same, for one template")
    _add_project_options(parser)
    parser.add_argument(
        "--partitions",
        type=_positive,
        default=PARTITIONS,
        help=f"partitions of a topic that samrun makes ({PARTITIONS})",
    )
    parser.add_argument(
        "--concurrency", type=_positive, default=CONCURRENCY, help=f"maximum environments per function ({CONCURRENCY})"
    )
    parser.add_argument(
        "--redeliver",
        choices=get_args(Redeliver),
        default="failed",
        help="records that a mapping retries after a partial batch response: the failed ones, or, to test that a "
        "function is idempotent, all from the lowest failed offset of a partition on (failed)",
    )
    for name, port in PORTS.items():
        variable = f"{name.upper()}_PORT"
        parser.add_argument(
            f"--{name}-port",
            type=_port_of(variable),
            default=os.environ.get(variable) or port,
            metavar="PORT",
            help=f"0: a free one ({port})",
        )


def _add_token_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sub", help="the subject (default: that in Metadata.TryItToken, else local)")
    parser.add_argument(
        "--scope",
        action="append",
        default=[],
        help="a scope of the token; repeat for several (default: that in Metadata.TryItToken; with --sub, none)",
    )
    parser.add_argument("--audience", help="the audience (default: that of the template's authorizer)")
    parser.add_argument(
        "--expires-in", type=_positive, default=LIFETIME, metavar="SECONDS", help=f"how long it lasts ({LIFETIME})"
    )
    parser.add_argument(
        "--claim",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another claim, as text; repeat for several",
    )
    parser.add_argument("--template", type=Path, metavar="PATH", help="the SAM template (template.yaml)")
    _add_project_options(parser)


def _add_project_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--parameter-overrides",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="values of parameters, and of '{{resolve:…}}', '!ImportValue NAME' and '!GetAtt RESOURCE.ATTRIBUTE' that "
        "only AWS has; {kafka}, {aws}, {dynamodb} or {issuer} in a value is that address, "
        "{kafka_scram} that of a listener that encrypts and asks for a password, and {kafka_mtls} that of one that "
        "asks for a client's certificate; {kafka_secret}, {kafka_client_secret} and {kafka_ca_secret} are the secrets "
        "that clients need there. They replace those in samconfig.toml under "
        "[default.samrun.parameters] or, if that has none, under [default.global.parameters] or "
        "[default.deploy.parameters]",
    )
    parser.add_argument("--data", type=Path, default=DATA, metavar="FOLDER", help=f"folder of logs and data ({DATA})")


def _port_of(variable: str) -> Callable[[str], int]:
    def port(text: str) -> int:
        if not text.isdecimal() or int(text) > 65535:
            raise argparse.ArgumentTypeError(f"{text!r}, given here or by {variable}, is not a port: write 0 to 65535")
        return int(text)

    return port


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return float(text)
