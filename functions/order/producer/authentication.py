"""Authentication to Kafka: none, TLS only, a password over TLS (SCRAM or PLAIN), or IAM."""

from __future__ import annotations

import functools
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.parameters import SecretsProvider

from functions.order.producer.secrets import Secret
from functions.order.settings import PASSWORD_METHODS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_secretsmanager import SecretsManagerClient

    from functions.order.settings import AuthenticationMethod

_PROTOCOLS: Mapping[AuthenticationMethod, Mapping[str, Any]] = {
    "none": {"security_protocol": "PLAINTEXT"},
    "tls": {"security_protocol": "SSL"},
    "scram": {"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512"},
    "plain": {"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN"},
    "iam": {"security_protocol": "SASL_SSL", "sasl_mechanism": "AWS_MSK_IAM"},
}


@dataclass(frozen=True, kw_only=True)
class Authentication:
    """An authentication method: kafka-python's settings for it, and the secrets that it needs."""

    protocol: Mapping[str, Any]
    user: Secret | None
    ca: Secret | None

    def producer_settings(self) -> dict[str, Any]:
        """Return the settings for kafka-python. Raises SecretUnavailableError.

        Call it for each connection: the secrets may have changed. With secrets, it takes up to 1.5 s.
        """
        settings = dict(self.protocol)
        if self.ca:
            settings["ssl_context"] = _trusting(self.ca)
        if self.user:
            username, password = self.user.read("username", "password")
            settings |= {"sasl_plain_username": username, "sasl_plain_password": _HiddenText(password)}
        return settings


def authentication_by(
    method: AuthenticationMethod,
    *,
    secret_arn: str = "",
    ca_secret_arn: str = "",
    client: Callable[[], SecretsManagerClient],
) -> Authentication:
    """Build the authentication by a method.

    `scram` and `plain` take `secret_arn`, the ARN of `{"username": "…", "password": "…"}`. `ca_secret_arn` is for
    brokers whose certificates no public CA has signed: the ARN of `{"certificate": "<PEM>"}`. Both are the forms of
    Lambda's own mappings (https://docs.aws.amazon.com/lambda/latest/dg/kafka-cluster-auth.html), which read the same
    secrets. `client` makes a client of Secrets Manager; it is called only if there is a secret to read.
    """
    provider = functools.cache(lambda: SecretsProvider(boto3_client=client()))
    user = ca = None
    if method in PASSWORD_METHODS:
        user = Secret(arn=secret_arn, setting="KAFKA_SECRET_ARN", provider=provider)
    if ca_secret_arn and method != "none":
        ca = Secret(arn=ca_secret_arn, setting="KAFKA_CA_SECRET_ARN", provider=provider)
    return Authentication(protocol=_PROTOCOLS[method], user=user, ca=ca)


class _HiddenText(str):
    """A text that stays hidden where the settings are printed."""

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
        raise ca.error('contains no certificate in PEM ("-----BEGIN CERTIFICATE-----…")') from error
    return context
