"""Credentials for the broker's TLS listeners: a user, a client's certificate, and the secrets in which they are."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from samrun.errors import UserError
from samrun.services import kafka_tls
from samrun.template.model.account import ACCOUNT

USERNAME = "local"
_USER_SECRET, _CA_SECRET, _CLIENT_SECRET = "local-kafka-credentials", "local-kafka-ca", "local-kafka-client"


class KafkaSecretError(UserError):
    """A secret with the broker's credentials could not be written."""


def user_secret_arn(region: str) -> str:
    """Return the ARN of the secret with the user's password.

    The ARN lacks the random suffix that Secrets Manager adds; Secrets Manager accepts both forms.
    """
    return _arn(_USER_SECRET, region)


def ca_secret_arn(region: str) -> str:
    """Return the ARN of the secret with the CA's certificate, also without the suffix."""
    return _arn(_CA_SECRET, region)


def client_secret_arn(region: str) -> str:
    """Return the ARN of the secret with the client's certificate and its key, also without the suffix."""
    return _arn(_CLIENT_SECRET, region)


def new_password() -> str:
    """Return a password for the user: a new one for each start."""
    return secrets.token_urlsafe()


def create(bootstrap: str, password: str, certificates: Path, client: Callable[[str], Any]) -> None:
    """Give the user a password for SCRAM, over the plain listener `bootstrap`, and write the secrets in Lambda's forms.

    `client` returns the boto3 client of a service. Raises KafkaUnreachableError and KafkaSecretError.
    """
    kafka_tls.set_password(bootstrap, username=USERNAME, password=password)
    manager = client("secretsmanager")
    certificate, key = kafka_tls.client_certificate(certificates)
    try:
        _write(manager, _CLIENT_SECRET, {"certificate": certificate, "privateKey": key})
        _write(manager, _USER_SECRET, {"username": USERNAME, "password": password})
        _write(manager, _CA_SECRET, {"certificate": kafka_tls.ca_certificate(certificates)})
    except (BotoCoreError, ClientError) as error:
        raise KafkaSecretError(f"Secrets Manager did not store Kafka's credentials: {error}") from error


def _write(manager: Any, name: str, content: dict[str, str]) -> None:
    text = json.dumps(content)
    try:
        manager.create_secret(Name=name, SecretString=text)
    except manager.exceptions.ResourceExistsException:  # an external AWS may have it from an earlier start
        manager.put_secret_value(SecretId=name, SecretString=text)


def _arn(name: str, region: str) -> str:
    return f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{name}"
