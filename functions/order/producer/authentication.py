"""How the producer logs in to Kafka: not at all, over TLS, with a password (SCRAM) or by IAM."""

from __future__ import annotations

import functools
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.parameters import SecretsProvider

from functions.order.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_secretsmanager import SecretsManagerClient

_WAYS: Mapping[str, Mapping[str, Any]] = {
    "none": {"security_protocol": "PLAINTEXT"},
    "tls": {"security_protocol": "SSL"},
    "scram": {"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512"},
    "iam": {"security_protocol": "SASL_SSL", "sasl_mechanism": "AWS_MSK_IAM"},
}


class UnknownAuthenticationError(Exception):
    """KAFKA_AUTHENTICATION names no way to log in that we know."""


class SecretMissingError(Exception):
    """KAFKA_AUTHENTICATION needs a secret, and KAFKA_SECRET_ARN names none."""


@dataclass(frozen=True, kw_only=True)
class Login:
    """A way to log in: kafka-python's names for it, and the secrets that it needs."""

    way: Mapping[str, Any]
    user: Secret | None
    ca: Secret | None

    def settings(self) -> dict[str, Any]:
        """What kafka-python is to be told. Raises SecretUnavailableError.

        To be asked for at each connection: the secrets may have changed. Takes up to 1.5 s where there are some.
        """
        settings = dict(self.way)
        if self.ca:
            settings["ssl_context"] = _trusting(self.ca)
        if self.user:
            username, password = self.user.read("username", "password")
            settings |= {"sasl_plain_username": username, "sasl_plain_password": _Hidden(password)}
        return settings


def login(
    authentication: str,
    *,
    secret_arn: str = "",
    ca_secret_arn: str = "",
    client: Callable[[], SecretsManagerClient],
) -> Login:
    """The way to log in that KAFKA_AUTHENTICATION names: `none`, `tls`, `scram` or `iam`.

    `secret_arn` is that of `{"username": "…", "password": "…"}`, MSK's form
    (https://docs.aws.amazon.com/msk/latest/developerguide/msk-password-tutorial.html), for `scram`. `ca_secret_arn`
    is that of `{"certificate": "<PEM>"}`, the form of Lambda's own SERVER_ROOT_CA_CERTIFICATE
    (https://docs.aws.amazon.com/lambda/latest/dg/kafka-cluster-auth.html), for brokers whose certificates no public
    CA has signed. `client` makes a client of Secrets Manager, and is called if there is a secret to be read.
    Raises UnknownAuthenticationError and SecretMissingError.
    """
    if authentication not in _WAYS:
        known = " or ".join(sorted(_WAYS))
        raise UnknownAuthenticationError(f"KAFKA_AUTHENTICATION is {authentication!r}: set it to {known}.")
    provider = functools.cache(lambda: SecretsProvider(boto3_client=client()))
    user = ca = None
    if authentication == "scram":
        if not secret_arn:
            raise SecretMissingError(
                "KAFKA_AUTHENTICATION is 'scram': set KAFKA_SECRET_ARN to the ARN of a secret of the form "
                '{"username": "…", "password": "…"}.'
            )
        user = Secret(arn=secret_arn, setting="KAFKA_SECRET_ARN", provider=provider)
    if ca_secret_arn and authentication != "none":
        ca = Secret(arn=ca_secret_arn, setting="KAFKA_CA_SECRET_ARN", provider=provider)
    return Login(way=_WAYS[authentication], user=user, ca=ca)


class _Hidden(str):
    """A text that does not show where the settings are shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'…'"


def _trusting(ca: Secret) -> ssl.SSLContext:
    [certificate] = ca.read("certificate")
    # Not create_default_context(): from Python 3.13 on, it refuses CAs that leave out optional extensions.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks certificate and host name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cadata=certificate)
    except (ssl.SSLError, TypeError) as error:  # TypeError: it is not even ASCII
        raise ca.wrong('has no certificate in PEM ("-----BEGIN CERTIFICATE-----…") in it') from error
    return context
