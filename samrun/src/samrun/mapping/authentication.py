"""Authentication of a mapping to Kafka, with the secrets of its SourceAccessConfigurations, as in Lambda.

https://docs.aws.amazon.com/lambda/latest/dg/kafka-cluster-auth.html shows the form of each secret.
"""

import ssl
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from samrun.errors import SamrunError
from samrun.services.secrets import SecretError, read_secret
from samrun.template.model.kafka_mappings import KafkaAuthentication


class AuthenticationError(SamrunError):
    """A secret cannot be used, or the broker refuses it. The message says why, and contains nothing of a secret."""


class Authenticate(Protocol):
    """Reader of the settings for the authentication, called before each attempt to connect."""

    def __call__(self) -> Mapping[str, str]:
        """Return librdkafka's settings. Raises AuthenticationError."""
        ...


def client_settings(authentication: KafkaAuthentication, client: Callable[[str], Any]) -> dict[str, str]:
    """Return librdkafka's settings for the authentication, from the secrets as they are now.

    `client` returns the boto3 client of a service. Raises AuthenticationError.
    """
    if authentication.unsupported:
        raise AuthenticationError(
            f"{', '.join(authentication.unsupported)} is not supported on one machine: give the mapping BASIC_AUTH, "
            "SASL_SCRAM_256_AUTH, SASL_SCRAM_512_AUTH or CLIENT_CERTIFICATE_TLS_AUTH, or the address {kafka}, which "
            "asks for no authentication"
        )
    secrets = client("secretsmanager")
    try:
        return {
            **_trust(authentication, secrets),
            **_client_certificate(authentication, secrets),
            **_user(authentication, secrets),
        }
    except SecretError as error:
        raise AuthenticationError(str(error)) from error


def _trust(authentication: KafkaAuthentication, secrets: Any) -> dict[str, str]:
    if not authentication.ca:
        return {}
    certificate = read_secret(secrets, authentication.ca, "certificate")["certificate"]
    _check_certificate(certificate, authentication.ca)
    return {"security.protocol": "SSL", "ssl.ca.pem": certificate}


def _client_certificate(authentication: KafkaAuthentication, secrets: Any) -> dict[str, str]:
    arn = authentication.certificate
    if not arn:
        return {}
    found = read_secret(secrets, arn, "certificate", "privateKey", optional=["privateKeyPassword"])
    _check_certificate(found["certificate"], arn)
    settings = {
        "security.protocol": "SSL",
        "ssl.certificate.pem": found["certificate"],
        "ssl.key.pem": found["privateKey"],
    }
    password = found.get("privateKeyPassword")
    return settings | ({"ssl.key.password": password} if password else {})


def _user(authentication: KafkaAuthentication, secrets: Any) -> dict[str, str]:
    if not authentication.user or not authentication.mechanism:
        return {}
    found = read_secret(secrets, authentication.user, "username", "password")
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": authentication.mechanism,
        "sasl.username": found["username"],
        "sasl.password": found["password"],
    }


def _check_certificate(certificate: str, arn: str) -> None:
    """Raise AuthenticationError if the text has no certificate: librdkafka's own message would not name the secret."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificate)
    except (ssl.SSLError, TypeError) as error:  # TypeError: the text is not even ASCII
        raise AuthenticationError(f"the secret {arn} contains no certificate in PEM") from error
