"""The order function's ways to log in to Kafka, on a real broker that encrypts and asks for a password."""

import json
import logging
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.order.authentication import Login, login
from functions.order.connection import NotConnectedError, explained
from functions.order.events import Message
from functions.order.publisher import KafkaPublisher, producer_factory
from local import kafka_security, ports
from tests.system.broker import Broker

pytestmark = [
    pytest.mark.xdist_group("secured-broker"),
    pytest.mark.usefixtures("sockets_collected"),
    pytest.mark.filterwarnings("ignore:unclosed <(socket|ssl):ResourceWarning"),
]

PASSWORD = "correct horse battery staple"
REFUSED = "the login is refused"
# Seconds for what works, and for what does not.
PATIENT, IMPATIENT = 20.0, 4.0


@dataclass(frozen=True, kw_only=True)
class Secured:
    """A broker, its two listeners that encrypt (host:port), and the CA that has signed its certificate, in PEM."""

    broker: Broker
    tls: str
    scram: str
    ca: str

    def set_password(self, password: str) -> None:
        kafka_security.set_password(self.broker.bootstrap, username="order", password=password)


@pytest.fixture(scope="module")
def secured(start_broker: Callable[..., Broker], tmp_path_factory: pytest.TempPathFactory) -> Secured:
    certificates = tmp_path_factory.mktemp("certificates")
    tls, scram = ports.claim("kafka", 0), ports.claim("kafka", 0)
    broker = start_broker(
        listeners=[
            kafka_security.tls(tls, folder=certificates),
            kafka_security.scram(scram, folder=certificates),
        ]
    )
    secured = Secured(
        broker=broker,
        tls=f"localhost:{tls}",
        scram=f"localhost:{scram}",
        ca=kafka_security.ca_certificate(certificates),
    )
    secured.set_password(PASSWORD)
    return secured


@pytest.fixture
def log_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Login]]:
    """Makes logins, the secrets of which are given by their content and come from Secrets Manager."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="eu-central-1")

        def arn_of(content: dict[str, Any]) -> str:
            return client.create_secret(Name=uuid.uuid4().hex, SecretString=json.dumps(content))["ARN"]

        def make(authentication: str, *, ca: str | None = None, password: str | None = None) -> Login:
            return login(
                authentication,
                secret_arn=arn_of({"username": "order", "password": password}) if password else "",
                ca_secret_arn=arn_of({"certificate": ca}) if ca else "",
                client=lambda: client,
            )

        yield make


@pytest.fixture
def kafka_log() -> Iterator[list[str]]:
    """All that kafka-python says, however little it matters."""
    lines: list[str] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    logger, handler = logging.getLogger("kafka"), Lines()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield lines
    logger.removeHandler(handler)
    logger.setLevel(level)


def publish(secured: Secured, servers: str, way: Login) -> None:
    """Publish an event as the order function does, and find it in the topic."""
    topic = f"topic-{uuid.uuid4().hex[:8]}"
    secured.broker.create_topic(topic)
    publisher = KafkaPublisher(
        topic=topic, connect=producer_factory(servers=servers, login=way, budget=PATIENT), budget=PATIENT
    )
    publisher.publish(Message(event_type="order.paid.v1", key="ord_1", value=b"{}"))
    [record] = secured.broker.records(topic)
    assert (record.key, record.value) == (b"ord_1", b"{}")
    publisher._drop_producer()


def refusal(servers: str, way: Login) -> str:
    """Return why there is no connection; the last of several tries may have run out of time."""
    with pytest.raises(NotConnectedError) as raised, explained():
        producer_factory(servers=servers, login=way)(IMPATIENT)
    return str(raised.value)


def test_over_tls_with_a_ca_of_one_s_own(secured: Secured, log_in: Callable[..., Login]) -> None:
    publish(secured, secured.tls, log_in("tls", ca=secured.ca))


def test_with_a_password_over_tls(secured: Secured, log_in: Callable[..., Login], kafka_log: list[str]) -> None:
    publish(secured, secured.scram, log_in("scram", ca=secured.ca, password=PASSWORD))
    assert any("Authenticated as order via SASL / SCRAM-SHA-512" in line for line in kafka_log)
    assert not any(PASSWORD in line for line in kafka_log)


def test_in_plain_text(secured: Secured, log_in: Callable[..., Login]) -> None:
    publish(secured, secured.broker.bootstrap, log_in("none"))


def test_a_wrong_password_is_refused_and_said_to_be(
    secured: Secured, log_in: Callable[..., Login], kafka_log: list[str]
) -> None:
    way = log_in("scram", ca=secured.ca, password="guessed it")
    assert REFUSED in refusal(secured.scram, way)
    assert not any("guessed it" in line for line in kafka_log)


def test_a_password_that_was_changed_is_refused_and_the_new_one_taken(
    secured: Secured, log_in: Callable[..., Login]
) -> None:
    secured.set_password("another one")
    try:
        assert REFUSED in refusal(secured.scram, log_in("scram", ca=secured.ca, password=PASSWORD))
        publish(secured, secured.scram, log_in("scram", ca=secured.ca, password="another one"))
    finally:
        secured.set_password(PASSWORD)


def test_a_certificate_of_an_unknown_ca_is_not_trusted(
    secured: Secured, log_in: Callable[..., Login], tmp_path: Path
) -> None:
    kafka_security.tls(9093, folder=tmp_path)
    other_ca = kafka_security.ca_certificate(tmp_path)
    for way in (log_in("tls"), log_in("scram", ca=other_ca, password=PASSWORD)):
        servers = secured.scram if way.user else secured.tls
        assert "CERTIFICATE_VERIFY_FAILED" in refusal(servers, way)


def test_iam_where_the_broker_knows_none_is_refused(
    secured: Secured, log_in: Callable[..., Login], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    assert REFUSED in refusal(secured.scram, log_in("iam", ca=secured.ca))
