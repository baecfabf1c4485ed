"""Settings of the two entry points, read from the environment once, when Lambda starts them.

template.yaml sets the variables. RelayFunction does not have those that only the API reads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self, cast, get_args

from functions.order.errors import OrderError

if TYPE_CHECKING:
    from collections.abc import Mapping

AuthenticationMethod = Literal["iam", "none", "plain", "scram", "tls"]

# Methods that authenticate with a user and a password, from a secret.
PASSWORD_METHODS: tuple[AuthenticationMethod, ...] = ("plain", "scram")

_SERVERS = r"[^:,\s]+:[0-9]{1,5}(,[^:,\s]+:[0-9]{1,5})*"
_TOPIC = r"[a-zA-Z0-9._-]{1,249}"
_ARN_OR_EMPTY = r"(arn:\S+)?"
_WORD = r"\S+"
_NAMESPACE = r".+"

_WHERE = "Set the function's environment variables in template.yaml."


class SettingsError(OrderError):
    """Environment variables are missing or malformed. The message names each, what to set it to, and where."""


@dataclass(frozen=True, kw_only=True)
class KafkaSettings:
    """Settings of the connection to Kafka: `servers` is host:port,…; the ARNs are empty where no secret is needed."""

    topic: str
    servers: str
    authentication: AuthenticationMethod
    secret_arn: str
    ca_secret_arn: str


@dataclass(frozen=True, kw_only=True)
class RelaySettings:
    """Settings of the relay."""

    table: str
    kafka: KafkaSettings

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings. Raises SettingsError, which names every wrong variable."""
        variables = _Variables(environment)
        settings = cls._from_variables(variables)
        # Powertools reads it, too, but without it fails only when the first request is done.
        variables.required("POWERTOOLS_METRICS_NAMESPACE", _NAMESPACE, "the namespace of the metrics")
        if variables.problems:
            raise SettingsError(" ".join([*variables.problems, _WHERE]))
        return settings

    @classmethod
    def _from_variables(cls, variables: _Variables) -> Self:
        return cls(table=_read_table(variables), kafka=_read_kafka(variables))


@dataclass(frozen=True, kw_only=True)
class ApiSettings(RelaySettings):
    """Settings of the API: those of the relay, and the scopes.

    `connects_at_start`: Lambda takes no snapshot of this environment, so the producer may connect before the first
    request.
    """

    write_scope: str
    read_all_scope: str
    is_sam_local: bool
    connects_at_start: bool

    @classmethod
    def _from_variables(cls, variables: _Variables) -> Self:
        initialization = variables.optional("AWS_LAMBDA_INITIALIZATION_TYPE")
        return cls(
            table=_read_table(variables),
            kafka=_read_kafka(variables),
            write_scope=variables.required("ORDERS_WRITE_SCOPE", _WORD, "the scope that places and cancels orders"),
            read_all_scope=variables.required("ORDERS_READ_ALL_SCOPE", _WORD, "the scope that reads all orders"),
            is_sam_local=variables.optional("AWS_SAM_LOCAL") == "true",
            connects_at_start=initialization in {"on-demand", "provisioned-concurrency"},
        )


class _Variables:
    """The environment, and the problems that were found in it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def optional(self, name: str) -> str | None:
        return self._environment.get(name)

    def required(self, name: str, pattern: str, meaning: str) -> str:
        """Return the variable's text, or note that it is missing or does not match `pattern`.

        No problem quotes the value: somebody may have put a secret itself where its ARN belongs.
        """
        text = self._environment.get(name)
        if text is None:
            self.problems.append(f"{name} is missing: set it to {meaning}.")
        elif not re.fullmatch(pattern, text):
            self.problems.append(f"{name} is malformed: set it to {meaning}.")
        return text or ""


def _read_table(variables: _Variables) -> str:
    return variables.required("ORDERS_TABLE", _WORD, "the name of the DynamoDB table of orders")


def _read_kafka(variables: _Variables) -> KafkaSettings:
    methods = get_args(AuthenticationMethod)
    authentication = variables.required("KAFKA_AUTHENTICATION", "|".join(methods), " or ".join(methods))
    secret_arn = variables.required("KAFKA_SECRET_ARN", _ARN_OR_EMPTY, "the ARN of a secret, or to an empty text")
    if authentication in PASSWORD_METHODS and secret_arn == "":
        variables.problems.append(
            "KAFKA_SECRET_ARN is empty: set it to the ARN of a secret of the form "
            f'{{"username": "…", "password": "…"}}, which KAFKA_AUTHENTICATION={authentication} needs.'
        )
    return KafkaSettings(
        topic=variables.required("ORDER_EVENTS_TOPIC", _TOPIC, "the name of the Kafka topic of order events"),
        servers=variables.required(
            "KAFKA_BOOTSTRAP_SERVERS", _SERVERS, "host:port of the brokers, with commas between"
        ),
        authentication=cast("AuthenticationMethod", authentication),
        secret_arn=secret_arn,
        ca_secret_arn=variables.required(
            "KAFKA_CA_SECRET_ARN", _ARN_OR_EMPTY, "the ARN of a secret, or to an empty text"
        ),
    )
