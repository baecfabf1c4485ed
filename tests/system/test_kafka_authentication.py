"""Authentication methods of the order function, on a real broker with TLS and passwords."""

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

from functions.order.domain.events import ProducerRecord
from functions.order.producer.authentication import Authentication, authentication_by
from functions.order.producer.connection import NotConnectedError, explain_timeouts
from functions.order.producer.kafka_publisher import KafkaPublisher, producer_factory
from functions.order.settings import AuthenticationMethod
from samrun.testing import listeners
from samrun.testing.broker import Broker
from samrun.testing.processes import free_port

pytestmark = [
    pytest.mark.xdist_group("secured-broker"),
    pytest.mark.usefixtures("sockets_collected"),
    pytest.mark.filterwarnings("ignore:unclosed <(socket|ssl):ResourceWarning"),
]

PASSWORD = "correct horse battery staple"
Authenticate = Callable[..., Authentication]

REFUSED = "the broker refused the authentication"
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
        listeners.set_password(self.broker.bootstrap, username="order", password=password)


@pytest.fixture(scope="module")
def secured(start_broker: Callable[..., Broker], tmp_path_factory: pytest.TempPathFactory) -> Secured:
    certificates = tmp_path_factory.mktemp("certificates")
    tls, scram = free_port(), free_port()
    broker = start_broker(
        listeners=[
            listeners.tls(tls, folder=certificates),
            listeners.scram(scram, folder=certificates, plain_users={"order": PASSWORD}),
        ]
    )
    secured = Secured(
        broker=broker,
        tls=f"localhost:{tls}",
        scram=f"localhost:{scram}",
        ca=listeners.ca_certificate(certificates),
    )
    secured.set_password(PASSWORD)
    return secured


@pytest.fixture
def authenticate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Authenticate]:
    """Return a function that builds an authentication; it puts the contents of its secrets into Secrets Manager."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="eu-central-1")

        def arn_of(content: dict[str, Any]) -> str:
            return client.create_secret(Name=uuid.uuid4().hex, SecretString=json.dumps(content))["ARN"]

        def make(method: AuthenticationMethod, *, ca: str | None = None, password: str | None = None) -> Authentication:
            return authentication_by(
                method,
                secret_arn=arn_of({"username": "order", "password": password}) if password else "",
                ca_secret_arn=arn_of({"certificate": ca}) if ca else "",
                client=lambda: client,
            )

        yield make


class KafkaLog(logging.Handler):
    """All that kafka-python says, however little it matters."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        # Now: later, a connection that it names may be closed.
        self._lines.append((record.levelno, record.getMessage()))

    def lines(self, *, level: int = logging.DEBUG) -> list[str]:
        return [line for of_line, line in self._lines if of_line >= level]


@pytest.fixture
def kafka_log() -> Iterator[KafkaLog]:
    logger, handler = logging.getLogger("kafka"), KafkaLog()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


def publish(secured: Secured, servers: str, authentication: Authentication) -> None:
    """Publish an event as the order function does, and find it in the topic."""
    topic = f"topic-{uuid.uuid4().hex[:8]}"
    secured.broker.create_topic(topic)
    connect = producer_factory(servers=servers, authentication=authentication, budget=PATIENT)
    publisher = KafkaPublisher(topic=topic, connect=connect, budget=PATIENT)
    publisher.publish(ProducerRecord(event_type="order.paid.v1", key="ord_1", value=b"{}"))
    [record] = secured.broker.records(topic)
    assert (record.key, record.value) == (b"ord_1", b"{}")
    publisher._drop_producer()


def refusal(servers: str, authentication: Authentication) -> str:
    """Return why there is no connection; the last of several attempts may have run out of time."""
    with pytest.raises(NotConnectedError) as raised, explain_timeouts():
        producer_factory(servers=servers, authentication=authentication)(IMPATIENT)
    return str(raised.value)


def test_the_publisher_connects_over_tls_with_a_private_ca(secured: Secured, authenticate: Authenticate) -> None:
    publish(secured, secured.tls, authenticate("tls", ca=secured.ca))


# Levels from which on kafka-python's log has no password. PLAIN sends the password itself, and at DEBUG the log has
# whole requests; the function lets kafka-python log errors only (functions/order/handlers/observability.py).
WITHOUT_PASSWORDS: dict[AuthenticationMethod, int] = {"scram": logging.DEBUG, "plain": logging.INFO}


@pytest.mark.parametrize(("method", "mechanism"), [("scram", "SCRAM-SHA-512"), ("plain", "Plain")])
def test_the_publisher_authenticates_with_a_password_over_tls(
    method: AuthenticationMethod, mechanism: str, secured: Secured, authenticate: Authenticate, kafka_log: KafkaLog
) -> None:
    publish(secured, secured.scram, authenticate(method, ca=secured.ca, password=PASSWORD))
    assert any(f"Authenticated as order via SASL / {mechanism}" in line for line in kafka_log.lines())
    assert [line for line in kafka_log.lines(level=WITHOUT_PASSWORDS[method]) if PASSWORD in line] == []


def test_the_publisher_connects_in_plain_text(secured: Secured, authenticate: Authenticate) -> None:
    publish(secured, secured.broker.bootstrap, authenticate("none"))


@pytest.mark.parametrize("method", ["scram", "plain"])
def test_a_wrong_password_is_refused_with_that_reason(
    method: AuthenticationMethod, secured: Secured, authenticate: Authenticate, kafka_log: KafkaLog
) -> None:
    way = authenticate(method, ca=secured.ca, password="guessed it")
    assert REFUSED in refusal(secured.scram, way)
    assert [line for line in kafka_log.lines(level=WITHOUT_PASSWORDS[method]) if "guessed it" in line] == []


def test_a_password_that_was_changed_is_refused_and_the_new_one_taken(
    secured: Secured, authenticate: Authenticate
) -> None:
    secured.set_password("another one")
    try:
        assert REFUSED in refusal(secured.scram, authenticate("scram", ca=secured.ca, password=PASSWORD))
        publish(secured, secured.scram, authenticate("scram", ca=secured.ca, password="another one"))
    finally:
        secured.set_password(PASSWORD)


def test_a_certificate_of_an_unknown_ca_is_not_trusted(
    secured: Secured, authenticate: Authenticate, tmp_path: Path
) -> None:
    listeners.tls(9093, folder=tmp_path)
    other_ca = listeners.ca_certificate(tmp_path)
    for way in (authenticate("tls"), authenticate("scram", ca=other_ca, password=PASSWORD)):
        servers = secured.scram if way.user else secured.tls
        assert "CERTIFICATE_VERIFY_FAILED" in refusal(servers, way)


def test_iam_where_the_broker_knows_none_is_refused(
    secured: Secured, authenticate: Authenticate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    assert REFUSED in refusal(secured.scram, authenticate("iam", ca=secured.ca))
