"""Credentials for the listeners of a stack's broker on which clients authenticate."""

from collections.abc import Mapping

from samrun.endpoints import Endpoints
from samrun.mapping.authentication import AuthenticationError, client_settings
from samrun.services.clients import clients
from samrun.services.kafka import KafkaUnreachableError
from samrun.template.model.kafka_mappings import KafkaAuthentication


def listener_credentials(bootstrap: str, endpoints: Endpoints) -> Mapping[str, str]:
    """Return librdkafka's settings for the listener at an address, from the stack's secrets.

    Raises KafkaUnreachableError if the secrets cannot be read.
    """
    ca = endpoints.kafka_ca_secret or ""
    if bootstrap == endpoints.kafka_scram:
        authentication = KafkaAuthentication(mechanism="SCRAM-SHA-512", user=endpoints.kafka_secret, ca=ca)
    else:
        authentication = KafkaAuthentication(certificate=endpoints.kafka_client_secret, ca=ca)
    try:
        return client_settings(authentication, clients(endpoints, region=ca.split(":")[3]))
    except AuthenticationError as error:
        raise KafkaUnreachableError(f"Kafka at {bootstrap} asks for credentials: {error}.") from error
