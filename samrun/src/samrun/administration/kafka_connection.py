"""Connection to Kafka: that of a stack, or of any other broker."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from samrun.endpoints import Endpoints, NoStackError
from samrun.mapping.client_errors import description
from samrun.services.kafka import PATIENCE, KafkaUnreachableError, admin_client, reach

_SILENT = {KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN}


@dataclass(frozen=True, kw_only=True)
class KafkaConnection:
    """Address of Kafka (host:port,…), and librdkafka's settings for the authentication there."""

    bootstrap: str
    authentication: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings with which each client of librdkafka connects. It logs nothing: its errors are raised."""
        return {**self.authentication, "bootstrap.servers": self.bootstrap, "log_level": 0}

    def admin(self) -> AdminClient:
        """Return a client for the administration. Raises KafkaUnreachableError if no broker answers."""
        with self.errors_for_people():
            client = admin_client(self.bootstrap, self.authentication)
            client.list_topics(timeout=PATIENCE)
            return client

    @contextlib.contextmanager
    def errors_for_people(self) -> Iterator[None]:
        """Raise KafkaUnreachableError if no broker can be reached, and for each KafkaException within the context."""
        reach(self.bootstrap)
        try:
            yield
        except KafkaException as error:
            raise KafkaUnreachableError(self._text(error)) from error

    def _text(self, error: KafkaException) -> str:
        if error.args[0].code() in _SILENT:
            return (
                f"Kafka at {self.bootstrap} does not answer ({description(error)}). Another program may listen there, "
                "or a broker that asks for TLS or a password: samrun reads plaintext listeners, and those of its stack."
            )
        return f"Kafka at {self.bootstrap} refused a request: {description(error)}"


def kafka_connection(bootstrap: str | None, data: Path) -> KafkaConnection:
    """Return the connection to the brokers at an address, or, without one, to those of the stack on a data folder.

    The address may be that of a listener of the stack on which clients authenticate: then the stack's own credentials
    are used. Raises NoStackError and KafkaUnreachableError.
    """
    if bootstrap is None:
        return KafkaConnection(bootstrap=Endpoints.of_running_stack(data).kafka)
    with contextlib.suppress(NoStackError):
        endpoints = Endpoints.of_running_stack(data)
        if bootstrap in {endpoints.kafka_scram, endpoints.kafka_mtls}:
            # It brings boto3, which takes longer than the rest.
            from samrun.administration.listener_credentials import listener_credentials

            return KafkaConnection(bootstrap=bootstrap, authentication=listener_credentials(bootstrap, endpoints))
    return KafkaConnection(bootstrap=bootstrap)
