"""Settings with which a mapping authenticates, from its secrets."""

import json
from pathlib import Path

import pytest

from samrun.mapping.authentication import AuthenticationError, client_settings
from samrun.services.kafka_tls import ca_certificate, tls
from samrun.template.model.kafka_mappings import KafkaAuthentication


class SecretsManager:
    """Stands for Secrets Manager, which has one secret."""

    def __init__(self, secret: dict[str, str]) -> None:
        self._secret = secret

    def get_secret_value(self, **_: str) -> dict[str, str]:
        return {"SecretString": json.dumps(self._secret)}


def test_certificate_of_the_secret_is_the_only_one_that_is_trusted(tmp_path: Path) -> None:
    tls(9093, folder=tmp_path)
    manager = SecretsManager({"certificate": ca_certificate(tmp_path)})
    settings = client_settings(KafkaAuthentication(ca="arn:ca"), lambda _: manager)
    # Nothing switches off what librdkafka does by default: it checks the certificate and the host's name.
    assert settings == {"security.protocol": "SSL", "ssl.ca.pem": ca_certificate(tmp_path)}


def test_user_of_the_secret_authenticates_by_scram_over_tls() -> None:
    manager = SecretsManager({"username": "notify", "password": "a password"})
    assert client_settings(
        KafkaAuthentication(mechanism="SCRAM-SHA-512", user="arn:user", ca=None), lambda _: manager
    ) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "notify",
        "sasl.password": "a password",
    }


def test_authentication_that_is_not_supported_is_an_error_that_names_what_is() -> None:
    with pytest.raises(
        AuthenticationError, match=r"^OAUTHBEARER_AUTH is not supported on one machine: give the mapping"
    ):
        client_settings(KafkaAuthentication(unsupported=("OAUTHBEARER_AUTH",)), lambda _: SecretsManager({}))
