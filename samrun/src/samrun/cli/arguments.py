"""Options of up, services and token, and the settings that they stand for."""

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from samrun.cli.option_types import positive_number, whole_number
from samrun.debugged_functions import DEBUG_PORT
from samrun.endpoints import DATA
from samrun.oidc.issuer import LIFETIME
from samrun.settings import (
    CONCURRENCY,
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
        max_batching_window=options.max_batching_window,
    )


def read_token_settings(options: argparse.Namespace) -> TokenSettings:
    """Return the settings of the command token. Raises UserError."""
    return token_settings(
        template=options.template,
        overrides=options.parameter_overrides,
        data=options.data,
        subject=options.sub,
        scopes=options.scope,
        audience=options.audience,
        lifetime=options.expires_in,
        claims=options.claim,
    )


def add_function_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command up that are about functions."""
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
        "--max-batching-window",
        type=whole_number,
        metavar="SECONDS",
        help="shorten each MaximumBatchingWindowInSeconds above this, so that a function gets a few records without "
        "waiting for more (the template's)",
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


def add_stack_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that up and services share."""
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
        type=positive_number,
        default=PARTITIONS,
        help=f"partitions of a topic that samrun makes ({PARTITIONS})",
    )
    parser.add_argument(
        "--concurrency",
        type=positive_number,
        default=CONCURRENCY,
        help=f"maximum environments per function ({CONCURRENCY})",
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


def add_token_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command token."""
    parser.add_argument("--sub", help="the subject (default: the template's, in Metadata.TryItToken, else local)")
    parser.add_argument(
        "--scope",
        action="append",
        default=[],
        help="a scope of the token; repeat for several (default: that in Metadata.TryItToken; with --sub, none)",
    )
    parser.add_argument("--audience", help="the audience (default: that of the template's authorizer)")
    parser.add_argument(
        "--expires-in",
        type=positive_number,
        default=LIFETIME,
        metavar="SECONDS",
        help=f"how long it lasts ({LIFETIME})",
    )
    parser.add_argument(
        "--claim",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another claim, as text; repeat for several",
    )
    parser.add_argument(
        "--template",
        type=Path,
        metavar="PATH",
        help="read the subject and the audience from this SAM template (default: the stack that runs says them)",
    )
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


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return float(text)
