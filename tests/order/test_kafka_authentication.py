"""The ways to log in to Kafka: what kafka-python is told, and what is said of secrets that do not fit."""

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

from functions.order.authentication import Login, SecretMissingError, UnknownAuthenticationError, login
from functions.order.secrets import SECRETS_CONFIG, SecretUnavailableError
from local import kafka_security

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_secretsmanager import SecretsManagerClient

USER = {"username": "order", "password": "correct horse battery staple"}


class Secrets:
    """Secrets Manager as moto has it, with the names of the secrets that were asked for."""

    def __init__(self, client: SecretsManagerClient) -> None:
        self.read: list[str] = []
        self._client = client
        client.meta.events.register("provide-client-params.secretsmanager.GetSecretValue", self._note)

    def _note(self, params: dict[str, Any], **_: Any) -> None:
        self.read.append(params["SecretId"])

    def client(self) -> SecretsManagerClient:
        return self._client

    def put(self, name: str, content: Any) -> str:
        """Keep `content`, as JSON unless it is a text, and return the secret's ARN."""
        text = content if isinstance(content, str) else json.dumps(content)
        return self._client.create_secret(Name=name, SecretString=text)["ARN"]

    def change(self, arn: str, content: Any) -> None:
        self._client.put_secret_value(SecretId=arn, SecretString=json.dumps(content))


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Secrets]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield Secrets(boto3.client("secretsmanager", region_name="eu-central-1"))


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Lets time pass for Powertools' cache."""
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
    kafka_security.tls(9093, folder=folder)
    return kafka_security.ca_certificate(folder)


def no_client() -> SecretsManagerClient:
    raise AssertionError("there is no secret to be read")


@pytest.mark.parametrize(
    ("authentication", "settings"),
    [
        ("none", {"security_protocol": "PLAINTEXT"}),
        ("tls", {"security_protocol": "SSL"}),
        ("iam", {"security_protocol": "SASL_SSL", "sasl_mechanism": "AWS_MSK_IAM"}),
    ],
)
def test_without_a_secret_secrets_manager_is_left_alone(authentication: str, settings: dict[str, str]) -> None:
    assert login(authentication, client=no_client).settings() == settings


def test_in_plain_text_secrets_are_of_no_use() -> None:
    plain = login("none", secret_arn="arn:user", ca_secret_arn="arn:ca", client=no_client)
    assert plain.settings() == {"security_protocol": "PLAINTEXT"}


def test_scram_takes_user_and_password_of_the_secret(secrets: Secrets) -> None:
    settings = login("scram", secret_arn=secrets.put("user", USER), client=secrets.client).settings()
    assert settings == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": USER["username"],
        "sasl_plain_password": USER["password"],
    }
    assert settings.keys() <= KafkaProducer.DEFAULT_CONFIG.keys()


@pytest.mark.parametrize("authentication", ["tls", "scram", "iam"])
def test_a_ca_of_ones_own_is_the_only_one_that_is_trusted(
    authentication: str, secrets: Secrets, ca_certificate: str
) -> None:
    settings = login(
        authentication,
        secret_arn=secrets.put("user", USER),
        ca_secret_arn=secrets.put("ca", {"certificate": ca_certificate}),
        client=secrets.client,
    ).settings()
    context = settings["ssl_context"]
    assert context.get_ca_certs(binary_form=True) == [ssl.PEM_cert_to_DER_cert(ca_certificate)]
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_an_unknown_way_to_log_in_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        UnknownAuthenticationError, match="KAFKA_AUTHENTICATION is 'plain': set it to iam or none or scram or tls"
    ):
        login("plain", client=no_client)


def test_scram_without_a_secret_is_refused_at_once() -> None:
    with pytest.raises(SecretMissingError, match="set KAFKA_SECRET_ARN to the ARN of a secret"):
        login("scram", client=no_client)


def test_secrets_are_read_again_after_a_minute_and_not_before(
    secrets: Secrets, pass_time: Callable[[timedelta], None]
) -> None:
    arn = secrets.put("user", USER)
    scram = login("scram", secret_arn=arn, client=secrets.client)
    scram.settings()
    secrets.change(arn, USER | {"password": "changed"})
    pass_time(timedelta(seconds=59))
    assert scram.settings()["sasl_plain_password"] == USER["password"]
    assert secrets.read == [arn]
    pass_time(timedelta(seconds=2))
    assert scram.settings()["sasl_plain_password"] == "changed"
    assert secrets.read == [arn, arn]


def test_both_secrets_come_over_one_client(secrets: Secrets, ca_certificate: str) -> None:
    made = []

    def client() -> SecretsManagerClient:
        made.append(secrets.client())
        return made[-1]

    user, ca = secrets.put("user", USER), secrets.put("ca", {"certificate": ca_certificate})
    scram = login("scram", secret_arn=user, ca_secret_arn=ca, client=client)
    assert made == []
    scram.settings()
    assert sorted(secrets.read) == sorted([user, ca])
    assert len(made) == 1


def scram_with(secrets: Secrets, content: Any) -> Login:
    return login("scram", secret_arn=secrets.put("user", content), client=secrets.client)


def tls_with(secrets: Secrets, content: Any) -> Login:
    return login("tls", ca_secret_arn=secrets.put("ca", content), client=secrets.client)


@pytest.mark.parametrize(
    ("broken", "content", "message"),
    [
        (scram_with, "hunter2", "the secret that KAFKA_SECRET_ARN names is no JSON"),
        (scram_with, {"username": "order", "pass": "hunter2"}, 'is not of the form {"username": "…", "password": "…"}'),
        (scram_with, {"username": "hunter2", "password": ""}, "is not of the form"),
        (scram_with, {"username": "hunter2", "password": 7}, "is not of the form"),
        (scram_with, ["hunter2"], "is not of the form"),
        (scram_with, "null", "is not of the form"),
        (tls_with, {"ca": "hunter2"}, 'KAFKA_CA_SECRET_ARN names is not of the form {"certificate": "…"}'),
        (tls_with, {"certificate": "hunter2"}, "KAFKA_CA_SECRET_ARN names has no certificate in PEM"),
        (tls_with, {"certificate": "hunter2 ü"}, "KAFKA_CA_SECRET_ARN names has no certificate in PEM"),
    ],
)
def test_a_secret_of_another_form_is_an_error_that_tells_nothing_of_it(
    secrets: Secrets, broken: Callable[[Secrets, Any], Login], content: Any, message: str
) -> None:
    with pytest.raises(SecretUnavailableError) as raised:
        broken(secrets, content).settings()
    assert message in str(raised.value)
    assert "hunter2" not in "".join(traceback.format_exception(raised.value))


def test_a_secret_that_is_not_there_is_an_error_that_says_where_it_is_named(secrets: Secrets) -> None:
    with pytest.raises(SecretUnavailableError, match=r"KAFKA_SECRET_ARN names cannot be read: .*ResourceNotFound"):
        login("scram", secret_arn="arn:gone", client=secrets.client).settings()


def test_a_secrets_manager_that_does_not_answer_is_asked_once() -> None:
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
            login("scram", secret_arn="arn:user", client=client).settings()
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_the_password_does_not_show_where_settings_or_login_do(secrets: Secrets) -> None:
    scram = scram_with(secrets, USER)
    settings = scram.settings()
    assert USER["password"] not in repr(settings)
    assert USER["password"] not in repr(scram)


@pytest.mark.parametrize("session_token", [None, "session+token/=="])
def test_the_token_for_iam_is_signed_as_aws_signs(monkeypatch: pytest.MonkeyPatch, session_token: str | None) -> None:
    """Its form: https://github.com/aws/aws-msk-iam-auth#details. Its signature: that of botocore's own signer."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    if session_token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", session_token)
    else:
        monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    host = "b-1.orders.kafka.eu-central-1.amazonaws.com"
    settings = login("iam", client=no_client).settings()

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
