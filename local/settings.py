"""What a local stack is told: by the command line, the environment and samconfig.toml."""

import argparse
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from local.errors import PlainError

PORTS: Mapping[str, int] = {
    "api": 3000,
    "lambda": 3001,
    "console": 8025,
    "aws": 4566,
    "dynamodb": 8000,
    "kafka": 9092,
}
CONTAINER_KAFKA_PORT = 19092

_BROKERS = re.compile(r"[^:,\s]+:\d+(,[^:,\s]+:\d+)*")

Command = Literal["run", "services"]


class SettingsError(PlainError):
    """The command line, the environment or samconfig.toml is wrong; the message says where."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`parameters` are the template's; `{kafka}` and the like in them stand for the stack's own endpoints.

    A port of 0 is any free one. `kafka` attaches to brokers that run elsewhere, host:port,….
    """

    command: Command
    template: Path
    parameters: Mapping[str, str]
    ports: Mapping[str, int]
    data: Path
    region: str
    partitions: int
    concurrency: int
    kafka: str | None


def read(arguments: Sequence[str]) -> Settings:
    """Read the settings of `python -m local`. Raises SettingsError; exits on --help and on unknown options."""
    options = _parser().parse_args(arguments)
    template = Path(options.template)
    samconfig = template.parent / "samconfig.toml"
    return Settings(
        command=options.command,
        template=template,
        parameters={
            **dict(_pairs(_from_samconfig(samconfig), source=str(samconfig))),
            **dict(_pairs(options.parameter_overrides, source="--parameter-overrides")),
        },
        ports={name: getattr(options, f"{name}_port") for name in PORTS},
        data=Path(options.data),
        region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
        partitions=options.partitions,
        concurrency=options.concurrency,
        kafka=_brokers(os.environ.get("KAFKA_BOOTSTRAP_SERVERS")),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="Runs a SAM template on this machine: its functions, HTTP APIs and Kafka triggers, with a real "
        "Kafka and DynamoDB, and an AWS of moto.",
        epilog="Every port can be set by the environment too: API_PORT, LAMBDA_PORT, … KAFKA_BOOTSTRAP_SERVERS "
        "attaches to a broker that runs already.",
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=("run", "services"),
        default="run",
        help="run: everything (the default). services: all but functions, gateway and triggers, for `sam local`",
    )
    parser.add_argument("--template", default="template.yaml", help="the SAM template (template.yaml)")
    parser.add_argument(
        "--parameter-overrides",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="values of the template's parameters; {kafka}, {aws} or {dynamodb} in one stands for that address. "
        "They come after those in samconfig.toml under [default.local_run.parameters]",
    )
    parser.add_argument("--data", default=".local", help="folder of logs and data (.local)")
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
    return parser


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
    if text and not _BROKERS.fullmatch(text):
        raise SettingsError(
            f"KAFKA_BOOTSTRAP_SERVERS is {text!r}: write host:port, several separated by commas, or unset it to have "
            "a broker started."
        )
    return text or None


def _from_samconfig(path: Path) -> list[str]:
    if not path.exists():
        return []
    try:
        found: object = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    for name in ("default", "local_run", "parameters", "parameter_overrides"):
        found = found.get(name, {}) if isinstance(found, dict) else None
    if found == {}:
        return []
    if not isinstance(found, list):
        raise SettingsError(f'{path}: [default.local_run.parameters] parameter_overrides is no list of "NAME=VALUE"')
    return [str(override) for override in found]


def _pairs(overrides: Iterable[str], *, source: str) -> Iterator[tuple[str, str]]:
    for number, override in enumerate(overrides, start=1):
        name, found, value = override.partition("=")
        if not found:  # it is not repeated, since it may hold a secret
            raise SettingsError(f"{source}: number {number} is no parameter: write NAME=VALUE")
        yield name, value
