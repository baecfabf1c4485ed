"""What a local stack is told: by the command line, the environment and samconfig.toml."""

import argparse
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from local import event_settings, parameters
from local.endpoints import is_bootstrap
from local.errors import PlainError
from local.issuer import LIFETIME

PORTS: Mapping[str, int] = {
    "api": 3000,
    "lambda": 3001,
    "console": 8025,
    "aws": 4566,
    "dynamodb": 8000,
    "kafka": 9092,
}
CONTAINER_KAFKA_PORT = 19092
SCRAM_KAFKA_PORT = 9096  # MSK's
_STACK_EPILOG = (
    "Every port can be set by the environment too: API_PORT, LAMBDA_PORT, … KAFKA_BOOTSTRAP_SERVERS attaches to a "
    "broker that runs already, AWS_ENDPOINT_URL_DYNAMODB to a DynamoDB and AWS_ENDPOINT_URL to an AWS (moto); "
    "AWS_ENDPOINT_URL_SESV2 and its like have the functions call a service elsewhere."
)
AWS_VARIABLE = "AWS_ENDPOINT_URL"
DYNAMODB_VARIABLE = "AWS_ENDPOINT_URL_DYNAMODB"

_URL = re.compile(r"https?://[^/\s]+/?")
_CLAIMS_WITH_AN_OPTION = {
    "aud": "--audience",
    "exp": "--expires-in",
    "iat": "--expires-in",
    "iss": "--parameter-overrides",
    "scope": "--scope",
    "sub": "--sub",
}

Command = Literal["run", "services"]


class SettingsError(PlainError):
    """The command line, the environment or samconfig.toml is wrong; the message says where."""


@dataclass(frozen=True, kw_only=True)
class _Project:
    """`parameters` are the template's; `{kafka}` and the like in them stand for the stack's own endpoints."""

    template: Path
    parameters: Mapping[str, str]
    data: Path
    region: str


@dataclass(frozen=True, kw_only=True)
class Settings(_Project):
    """Of a stack. A port of 0 is any free one.

    `kafka` attaches to brokers that run elsewhere, host:port,…; `aws` and `dynamodb`, URLs, to those that do: the
    template's topics and resources are made there. `services` are URLs of single AWS services, by botocore's variable
    (AWS_ENDPOINT_URL_SESV2): the functions call them there. With `sam`, functions run in containers, by the SAM CLI.
    """

    command: Command
    ports: Mapping[str, int]
    partitions: int
    concurrency: int
    kafka: str | None
    aws: str | None
    dynamodb: str | None
    services: Mapping[str, str]
    sam: bool

    @property
    def mails(self) -> Path:
        """The folder of the mails in the inbox."""
        return self.data / "mails"

    @property
    def scram(self) -> bool:
        """Whether the template's parameters want a listener of Kafka that asks for a password."""
        return any("{kafka_scram}" in value for value in self.parameters.values())

    @property
    def certificates(self) -> Path:
        """The folder of the certificates of Kafka's listeners."""
        return self.data / "certificates"

    @property
    def for_containers(self) -> bool:
        """Whether containers are to reach what runs: those of `sam local`, ours or the developer's."""
        return self.sam or self.command == "services"


@dataclass(frozen=True, kw_only=True)
class TokenSettings(_Project):
    """Of a token for a stack that runs. `lifetime` is in seconds; None: what the template says."""

    subject: str | None
    scopes: tuple[str, ...]
    audience: str | None
    lifetime: int
    claims: Mapping[str, str]


def read(arguments: Sequence[str]) -> Settings:
    """Read the settings of a stack: `python -m local [run|services]`.

    Raises SettingsError; exits on --help and on unknown options.
    """
    return stack_settings(parse(arguments))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line; `command` says whose. Exits on --help and on unknown ones."""
    command_is_given = bool(arguments) and (not arguments[0].startswith("-") or arguments[0] in {"-h", "--help"})
    return _parser().parse_args(arguments if command_is_given else ["run", *arguments])


def stack_settings(options: argparse.Namespace) -> Settings:
    """Return the settings of the commands run and services. Raises SettingsError."""
    settings = Settings(
        **_project(options),
        command=options.command,
        ports={name: getattr(options, f"{name}_port") for name in PORTS},
        partitions=options.partitions,
        concurrency=options.concurrency,
        kafka=_brokers(os.environ.get("KAFKA_BOOTSTRAP_SERVERS")),
        aws=_url(AWS_VARIABLE),
        dynamodb=_url(DYNAMODB_VARIABLE),
        services={
            name: value
            for name, value in os.environ.items()
            if name.startswith(f"{AWS_VARIABLE}_") and name != DYNAMODB_VARIABLE and value
        },
        sam=options.sam,
    )
    if settings.scram and (settings.kafka or settings.for_containers):
        raise SettingsError(
            "{kafka_scram} stands for a listener of the broker that is started here, for processes of this machine: it "
            "goes neither with KAFKA_BOOTSTRAP_SERVERS nor with `sam local`."
        )
    return settings


def token_settings(options: argparse.Namespace) -> TokenSettings:
    """Return the settings of the command token. Raises SettingsError."""
    claims = dict(_claims(options.claim))
    for name in claims.keys() & _CLAIMS_WITH_AN_OPTION.keys():
        raise SettingsError(f"--claim: {name} is a claim of every token: set it with {_CLAIMS_WITH_AN_OPTION[name]}")
    return TokenSettings(
        **_project(options),
        subject=options.sub,
        scopes=tuple(options.scope),
        audience=options.audience,
        lifetime=options.expires_in,
        claims=claims,
    )


def _project(options: argparse.Namespace) -> dict[str, Any]:
    template = Path(options.template)
    return {
        "template": template,
        "parameters": {
            **dict(parameters.of_samconfig(template.parent / "samconfig.toml")),
            **dict(parameters.read(options.parameter_overrides, source="--parameter-overrides")),
        },
        "data": Path(options.data),
        "region": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="Runs a SAM template on this machine: its functions, HTTP APIs and Kafka triggers, with a real "
        "Kafka and DynamoDB, and an AWS of moto.",
        epilog="Without a command: run. Each command has its own --help.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    run = commands.add_parser("run", help="run everything", epilog=_STACK_EPILOG)
    services = commands.add_parser(
        "services", help="run all but functions, gateway and triggers, for `sam local`", epilog=_STACK_EPILOG
    )
    for command in (run, services):
        _add_stack_options(command)
    run.add_argument(
        "--sam",
        action="store_true",
        help="run the functions in containers, by `sam build` and `sam local start-lambda`",
    )
    services.set_defaults(sam=False)
    _add_token_options(
        commands.add_parser(
            "token",
            help="print a token for the API of a stack that runs",
            description="Prints a token, and nothing else, for the API of a stack that runs: "
            'curl -H "authorization: Bearer $(python -m local token --scope …)" …',
        )
    )
    event_settings.add_options(
        commands.add_parser(
            "generate-event",
            help="print the event of a Kafka trigger, for `sam local invoke`",
            description="Prints the event with which Kafka's event source mapping would invoke a function for one "
            "record: python -m local generate-event msk --from-topic TOPIC | sam local invoke FUNCTION -e -",
            epilog="What is not told is as in AWS's own example.",
        )
    )
    return parser


def _add_project_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--template", default="template.yaml", help="the SAM template (template.yaml)")
    parser.add_argument(
        "--parameter-overrides",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="values of the template's parameters; {kafka}, {aws}, {dynamodb} or {issuer} in one stands for that "
        "address, {kafka_scram} for that of a listener that encrypts and asks for a password, and {kafka_secret} and "
        "{kafka_ca_secret} for the secrets that clients need there. They come after those in samconfig.toml under "
        "[default.local_run.parameters]",
    )
    parser.add_argument("--data", default=".local", help="folder of logs and data (.local)")


def _add_token_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sub", help="whom it is for (as in the template's Metadata.TryItToken, else: local)")
    parser.add_argument(
        "--scope", action="append", default=[], help="what it allows; repeat it for several (none: no scope)"
    )
    parser.add_argument("--audience", help="whom it is made out to (as the template's authorizer wants it)")
    parser.add_argument(
        "--expires-in", type=_positive, default=LIFETIME, metavar="SECONDS", help=f"how long it lasts ({LIFETIME})"
    )
    parser.add_argument(
        "--claim",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another claim, a text; repeat it for several",
    )
    _add_project_options(parser)


def _add_stack_options(parser: argparse.ArgumentParser) -> None:
    _add_project_options(parser)
    parser.add_argument("--partitions", type=_positive, default=3, help="of a topic that does not exist yet (3)")
    parser.add_argument("--concurrency", type=_positive, default=4, help="environments of a function at most (4)")
    for name, port in PORTS.items():
        variable = f"{name.upper()}_PORT"
        parser.add_argument(
            f"--{name}-port",
            type=_port_of(variable),
            default=os.environ.get(variable) or port,
            metavar="PORT",
            help=f"0: a free one ({port})",
        )


def _port_of(variable: str) -> Callable[[str], int]:
    def port(text: str) -> int:
        if not text.isdecimal() or int(text) > 65535:
            raise argparse.ArgumentTypeError(f"{text!r}, given here or by {variable}, is no port: write 0 to 65535")
        return int(text)

    return port


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 1 or more")
    return int(text)


def _brokers(text: str | None) -> str | None:
    if text and not is_bootstrap(text):
        raise SettingsError(
            f"KAFKA_BOOTSTRAP_SERVERS is {text!r}: write host:port, several separated by commas, or unset it to have "
            "a broker started."
        )
    return text or None


def _url(variable: str) -> str | None:
    url = os.environ.get(variable)
    if url and not _URL.fullmatch(url):
        raise SettingsError(
            f"{variable} is {url!r}: write http://host:port, or unset it to have the service started here."
        )
    return url.rstrip("/") if url else None


def _claims(options: Iterable[str]) -> Iterator[tuple[str, str]]:
    for number, option in enumerate(options, start=1):
        name, found, value = option.partition("=")
        if not found:  # it is not repeated, since it may hold a secret
            raise SettingsError(f"--claim: number {number} is no claim: write NAME=VALUE")
        yield name, value
