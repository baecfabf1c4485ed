"""Endpoints: the addresses of a stack's parts, also in a file for other programs."""

import json
import re
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from samrun.errors import UserError
from samrun.supervision import docker
from samrun.supervision.files import write_atomically
from samrun.supervision.ports import LOOPBACK

FILE = "endpoints.json"
DATA = Path(".local")
"""Data folder of a stack, unless it has another."""
_OF_TLS = ("kafka_scram", "kafka_secret", "kafka_mtls", "kafka_client_secret", "kafka_ca_secret")
# Of the parts that every stack can have.
_NAMES = {"api", "lambda", "console", "aws", "dynamodb", "kafka", "container_kafka", "debuggers", *_OF_TLS}
_PATIENCE = 5.0
"""Seconds that the console has to accept a connection."""
_BOOTSTRAP = re.compile(r"[^:,\s]+:\d+(,[^:,\s]+:\d+)*")


class NoStackError(UserError):
    """No stack runs on the data folder."""


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Addresses of a stack: URLs, and host:port for Kafka. None: that part does not run.

    `container_kafka` is Kafka's address for containers of this machine's Docker. `kafka_scram` is its address for
    clients with a password, and `kafka_mtls` that for clients with a certificate. `kafka_secret`, `kafka_client_secret`
    and `kafka_ca_secret` are the ARNs of the secrets of user, client and CA. `stack_apis` are the URLs of the APIs of
    further templates, by the names of their stacks; in the file, they stand beside the others. `debuggers` has
    host:port for each function that is debugged, by its name: a debugger connects to that.
    """

    api: str | None
    # The key is `lambda`, which Python keeps for itself.
    lambda_: str | None
    console: str
    aws: str
    dynamodb: str
    kafka: str
    container_kafka: str | None = None
    kafka_scram: str | None = None
    kafka_secret: str | None = None
    kafka_mtls: str | None = None
    kafka_client_secret: str | None = None
    kafka_ca_secret: str | None = None
    stack_apis: Mapping[str, str] = field(default_factory=dict)
    debuggers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, data: Path) -> Self:
        """Return the endpoints in the file of a data folder. Raises NoStackError."""
        file = data / FILE
        try:
            by_name = json.loads(file.read_text())
        except FileNotFoundError:
            raise NoStackError(
                f"No stack runs on {data} (there is no {file}): start one with `samrun up`, "
                "or name the folder of another with --data."
            ) from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not JSON"
            raise NoStackError(
                f"{file}, which says where the stack on {data} is, cannot be read: {reason}. "
                "Name the folder of a stack with --data."
            ) from error
        return cls(
            api=by_name.get("api"),
            lambda_=by_name.get("lambda"),
            **{name: by_name[name] for name in ("console", "aws", "dynamodb", "kafka")},
            **{name: by_name.get(name) for name in ("container_kafka", *_OF_TLS)},
            stack_apis={name: address for name, address in by_name.items() if name not in _NAMES},
            debuggers=by_name.get("debuggers", {}),
        )

    @classmethod
    def of_running_stack(cls, data: Path) -> Self:
        """Return the endpoints on a data folder, if their stack still runs. Raises NoStackError.

        A stack that was killed leaves its file behind, with addresses where nothing listens any more.
        """
        endpoints = cls.read(data)
        console = urlsplit(endpoints.console)
        try:
            socket.create_connection((console.hostname, console.port), timeout=_PATIENCE).close()
        except ConnectionRefusedError:
            raise NoStackError(
                f"No stack runs on {data}: the last one was killed, and left {data / FILE} behind. Start it again with "
                "`samrun up`, or name the folder of another with --data."
            ) from None
        except OSError:
            # Only a refusal shows that the stack is gone. The command that calls its address says what else is wrong.
            return endpoints
        return endpoints

    @property
    def issuer(self) -> str:
        """The URL of the local issuer of tokens."""
        return f"{self.console}/issuer"

    def for_containers(self) -> Self:
        """Return the same endpoints with the addresses that containers use."""
        return replace(
            self,
            aws=_for_containers(self.aws),
            dynamodb=_for_containers(self.dynamodb),
            kafka=self.container_kafka or self.kafka,
        )

    def fill_in(self, parameters: Mapping[str, str]) -> Mapping[str, str]:
        """Return the parameters with {kafka}, {issuer} and the like replaced by the addresses."""
        filled_in = dict(parameters)
        for name, address in {**self.by_name(), "issuer": self.issuer}.items():
            filled_in = {key: value.replace(f"{{{name}}}", address) for key, value in filled_in.items()}
        return filled_in

    def by_name(self) -> Mapping[str, str]:
        """Return the addresses of the parts that run, by their public names. Those of debuggers are not among them."""
        own = asdict(self)
        own.pop("debuggers")
        stack_apis: Mapping[str, str] = own.pop("stack_apis")
        return {name.rstrip("_"): address for name, address in own.items() if address} | dict(stack_apis)

    def write(self, data: Path) -> Path:
        """Write the endpoints to the stack's data folder, whole or not at all; return the file."""
        debuggers = {"debuggers": self.debuggers} if self.debuggers else {}
        return write_atomically(data / FILE, json.dumps({**self.by_name(), **debuggers}, indent=2) + "\n")


def _for_containers(address: str) -> str:
    return re.sub(rf"//({re.escape(LOOPBACK)}|localhost)(?=[:/]|$)", f"//{docker.HOST_NAME}", address)


def is_bootstrap(text: str) -> bool:
    """Return whether a text can be Kafka's address: host:port, or several separated by commas."""
    return _BOOTSTRAP.fullmatch(text) is not None


def url(port: int) -> str:
    """Return the URL of a port of this machine."""
    return f"http://{LOOPBACK}:{port}"


def stack_url(api: str, stack: str | None) -> str:
    """Return the URL of the APIs of a stack, on the port that all stacks share. The first stack has no name."""
    return f"{api}/{stack}" if stack else api
