"""The login to the local broker's listener that asks for one: a user, and the secrets by which clients know of it."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local import kafka_security
from local.errors import PlainError
from local.model import ACCOUNT

USERNAME = "local"
_USER_SECRET, _CA_SECRET = "local-kafka-login", "local-kafka-ca"


class SecretError(PlainError):
    """A secret of the login could not be made."""


def user_secret_arn(region: str) -> str:
    """Return the ARN, without the random end of an ARN that Secrets Manager makes: it takes both."""
    return _arn(_USER_SECRET, region)


def ca_secret_arn(region: str) -> str:
    """Return the ARN of the secret that has the CA's certificate, likewise."""
    return _arn(_CA_SECRET, region)


def make(bootstrap: str, certificates: Path, client: Callable[[str], Any]) -> None:
    """Give the user a new password, by the plain listener `bootstrap`, and write both secrets, in Lambda's forms.

    `client` gives the boto3 client of a service. Raises KafkaUnreachableError and SecretError.
    """
    password = secrets.token_urlsafe()
    kafka_security.set_password(bootstrap, username=USERNAME, password=password)
    manager = client("secretsmanager")
    try:
        _write(manager, _USER_SECRET, {"username": USERNAME, "password": password})
        _write(manager, _CA_SECRET, {"certificate": kafka_security.ca_certificate(certificates)})
    except (BotoCoreError, ClientError) as error:
        raise SecretError(f"The secrets of the login to Kafka could not be made: {error}") from error


def _write(manager: Any, name: str, content: dict[str, str]) -> None:
    text = json.dumps(content)
    try:
        manager.create_secret(Name=name, SecretString=text)
    except manager.exceptions.ResourceExistsException:  # in an AWS that runs elsewhere
        manager.put_secret_value(SecretId=name, SecretString=text)


def _arn(name: str, region: str) -> str:
    return f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{name}"
