"""Authentication to Kafka: the settings for kafka-python, and the errors about malformed secrets."""

from __future__ import annotations

import json
import socket
import ssl
import traceback
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
from aws_lambda_powertools.utilities.parameters import base as parameters
from botocore import auth as signers
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from kafka import KafkaProducer
from kafka.net.sasl import get_sasl_mechanism
from moto import mock_aws

from functions.order.producer.authentication import Authentication, authentication_by
from functions.order.producer.secrets import SECRETS_CONFIG, SecretUnavailableError
from samrun.testing import listeners
from tests.order.fakes import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_secretsmanager import SecretsManagerClient

    from functions.order.settings import AuthenticationMethod

USER = {"username": "order", "password": "correct horse battery staple"}


@pytest.fixture
def secrets(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secrets]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield Secrets(session.client("secretsmanager"))


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Return a function that lets time pass for Powertools' cache."""
    passed = timedelta()

    class LaterDatetime(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + passed

    def pass_by(time: timedelta) -> None:
        nonlocal passed
        passed += time

    monkeypatch.setattr(parameters, "datetime", LaterDatetime)
    return pass_by


@pytest.fixture(scope="module")
def ca_certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("certificates")
    listeners.tls(9093, folder=folder)
    return listeners.ca_certificate(folder)


def no_client() -> SecretsManagerClient:
    raise AssertionError("there is no secret to be read")


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("none", {"security_protocol": "PLAINTEXT"}),
        ("tls", {"security_protocol": "SSL"}),
        ("iam", {"security_protocol": "SASL_SSL", "sasl_mechanism": "AWS_MSK_IAM"}),
    ],
)
def test_a_method_without_a_secret_does_not_call_secrets_manager(
    method: AuthenticationMethod, settings: dict[str, str]
) -> None:
    assert authentication_by(method, client=no_client).producer_settings() == settings


def test_plain_text_ignores_secrets() -> None:
    plain = authentication_by("none", secret_arn="arn:user", ca_secret_arn="arn:ca", client=no_client)
    assert plain.producer_settings() == {"security_protocol": "PLAINTEXT"}


@pytest.mark.parametrize(("method", "mechanism"), [("scram", "SCRAM-SHA-512"), ("plain", "PLAIN")])
def test_password_methods_take_the_user_from_the_secret_and_send_nothing_without_tls(
    method: AuthenticationMethod, mechanism: str, secrets: Secrets
) -> None:
    settings = authentication_by(
        method, secret_arn=secrets.put("user", USER), client=secrets.client
    ).producer_settings()
    assert settings == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": USER["username"],
        "sasl_plain_password": USER["password"],
    }
    assert settings.keys() <= KafkaProducer.DEFAULT_CONFIG.keys()


@pytest.mark.parametrize("method", ["tls", "scram", "plain", "iam"])
def test_only_the_given_ca_is_trusted(method: AuthenticationMethod, secrets: Secrets, ca_certificate: str) -> None:
    settings = authentication_by(
        method,
        secret_arn=secrets.put("user", USER),
        ca_secret_arn=secrets.put("ca", {"certificate": ca_certificate}),
        client=secrets.client,
    ).producer_settings()
    context = settings["ssl_context"]
    assert context.get_ca_certs(binary_form=True) == [ssl.PEM_cert_to_DER_cert(ca_certificate)]
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_secrets_are_read_again_after_a_minute_and_not_before(
    secrets: Secrets, pass_time: Callable[[timedelta], None]
) -> None:
    arn = secrets.put("user", USER)
    scram = authentication_by("scram", secret_arn=arn, client=secrets.client)
    scram.producer_settings()
    secrets.change(arn, USER | {"password": "changed"})
    pass_time(timedelta(seconds=59))
    assert scram.producer_settings()["sasl_plain_password"] == USER["password"]
    assert secrets.read == [arn]
    pass_time(timedelta(seconds=2))
    assert scram.producer_settings()["sasl_plain_password"] == "changed"
    assert secrets.read == [arn, arn]


def test_both_secrets_come_over_one_client(secrets: Secrets, ca_certificate: str) -> None:
    made = []

    def client() -> SecretsManagerClient:
        made.append(secrets.client())
        return made[-1]

    user, ca = secrets.put("user", USER), secrets.put("ca", {"certificate": ca_certificate})
    scram = authentication_by("scram", secret_arn=user, ca_secret_arn=ca, client=client)
    assert made == []
    scram.producer_settings()
    assert sorted(secrets.read) == sorted([user, ca])
    assert len(made) == 1


def scram_with(secrets: Secrets, content: Any) -> Authentication:
    return authentication_by("scram", secret_arn=secrets.put("user", content), client=secrets.client)


def tls_with(secrets: Secrets, content: Any) -> Authentication:
    return authentication_by("tls", ca_secret_arn=secrets.put("ca", content), client=secrets.client)


@pytest.mark.parametrize(
    ("broken", "content", "message"),
    [
        (scram_with, "hunter2", "the secret that KAFKA_SECRET_ARN names is not JSON"),
        (scram_with, {"username": "order", "pass": "hunter2"}, 'is not of the form {"username": "…", "password": "…"}'),
        (scram_with, {"username": "hunter2", "password": ""}, "is not of the form"),
        (scram_with, {"username": "hunter2", "password": 7}, "is not of the form"),
        (scram_with, ["hunter2"], "is not of the form"),
        (scram_with, "null", "is not of the form"),
        (tls_with, {"ca": "hunter2"}, 'KAFKA_CA_SECRET_ARN names is not of the form {"certificate": "…"}'),
        (tls_with, {"certificate": "hunter2"}, "KAFKA_CA_SECRET_ARN names contains no certificate in PEM"),
        (tls_with, {"certificate": "hunter2 ü"}, "KAFKA_CA_SECRET_ARN names contains no certificate in PEM"),
    ],
)
def test_the_error_about_a_malformed_secret_does_not_quote_it(
    secrets: Secrets, broken: Callable[[Secrets, Any], Authentication], content: Any, message: str
) -> None:
    with pytest.raises(SecretUnavailableError) as raised:
        broken(secrets, content).producer_settings()
    assert message in str(raised.value)
    assert "hunter2" not in "".join(traceback.format_exception(raised.value))


def test_the_error_about_a_missing_secret_names_the_variable(secrets: Secrets) -> None:
    with pytest.raises(SecretUnavailableError, match=r"KAFKA_SECRET_ARN names cannot be read: .*ResourceNotFound"):
        authentication_by("scram", secret_arn="arn:gone", client=secrets.client).producer_settings()


def test_secrets_manager_is_asked_once_if_it_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()

        def client() -> SecretsManagerClient:
            return boto3.client(
                "secretsmanager",
                region_name="eu-central-1",
                endpoint_url=f"http://{host}:{port}",
                aws_access_key_id="testing",
                aws_secret_access_key="testing",
                config=SECRETS_CONFIG,
            )

        with pytest.raises(SecretUnavailableError, match="cannot be read: Read timeout"):
            authentication_by("scram", secret_arn="arn:user", client=client).producer_settings()
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_printed_settings_do_not_show_the_password(secrets: Secrets) -> None:
    scram = scram_with(secrets, USER)
    settings = scram.producer_settings()
    assert USER["password"] not in repr(settings)
    assert USER["password"] not in repr(scram)


@pytest.mark.parametrize("session_token", [None, "session+token/=="])
def test_the_token_for_iam_is_signed_as_aws_signs(monkeypatch: pytest.MonkeyPatch, session_token: str | None) -> None:
    """https://github.com/aws/aws-msk-iam-auth#details defines its form; botocore's own signer gives the signature."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    if session_token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", session_token)
    else:
        monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    host = "b-1.orders.kafka.eu-central-1.amazonaws.com"
    settings = authentication_by("iam", client=no_client).producer_settings()

    token = json.loads(get_sasl_mechanism(settings["sasl_mechanism"])(host=host, **settings).auth_bytes())

    signed_at = datetime.strptime(token["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - signed_at) < timedelta(minutes=1)
    monkeypatch.setattr(signers, "get_current_datetime", lambda: signed_at)
    request = AWSRequest(method="GET", url=f"https://{host}/", params={"Action": "kafka-cluster:Connect"})
    credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG", session_token)
    SigV4QueryAuth(credentials, "kafka-cluster", "eu-central-1", expires=900).add_auth(request)
    signed = dict(parse_qsl(urlsplit(str(request.url)).query))
    assert token.pop("user-agent")
    assert token == {
        "version": "2020_10_22",
        "host": host,
        "action": "kafka-cluster:Connect",
        **{name.lower(): value for name, value in signed.items() if name.startswith("X-Amz-")},
    }
