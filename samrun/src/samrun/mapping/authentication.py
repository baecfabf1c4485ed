"""How a mapping logs in to Kafka: with the secrets that its SourceAccessConfigurations name, as Lambda's pollers do.

https://docs.aws.amazon.com/lambda/latest/dg/kafka-cluster-auth.html has the form of each secret.
"""

import json
import ssl
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.model import KafkaLogin


class LoginError(Exception):
    """No login can be tried, or none is accepted; the message says why, and holds nothing of a secret."""


def client_settings(login: KafkaLogin, client: Callable[[str], Any]) -> dict[str, Any]:
    """Return what kafka-python is to be told, from the secrets as they are now.

    `client` gives the boto3 client of a service. Raises LoginError.
    """
    secrets = client("secretsmanager")
    settings: dict[str, Any] = {}
    if login.ca:
        [certificate] = _read(secrets, login.ca, "certificate")
        settings |= {"security_protocol": "SSL", "ssl_context": _trusting(certificate, login.ca)}
    if login.user:
        username, password = _read(secrets, login.user, "username", "password")
        settings |= {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": username,
            "sasl_plain_password": password,
        }
    return settings


def _read(secrets: Any, arn: str, *fields: str) -> list[str]:
    try:
        text = secrets.get_secret_value(SecretId=arn).get("SecretString", "")
    except (BotoCoreError, ClientError) as error:
        raise LoginError(f"the secret {arn} cannot be read: {error}") from error
    try:
        content = json.loads(text)
        return [str(content[field]) for field in fields]
    except (ValueError, TypeError, KeyError):
        shape = ", ".join(f'"{field}": "…"' for field in fields)
        raise LoginError(f"the secret {arn} is not of the form {{{shape}}}") from None


def _trusting(certificate: str, arn: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks certificate and host name
    try:
        context.load_verify_locations(cadata=certificate)
    except (ssl.SSLError, TypeError) as error:  # TypeError: it is not even ASCII
        raise LoginError(f"the secret {arn} has no certificate in PEM in it") from error
    return context
