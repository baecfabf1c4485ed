"""The mapping's poller on a broker that encrypts and asks for a password, with secrets that change under it."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import boto3
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from moto import mock_aws

from samrun.mapping.authentication import AuthenticationError, client_settings
from samrun.services import kafka_tls
from samrun.supervision import ports
from samrun.template.model.kafka_mappings import KafkaAuthentication
from samrun.testing.broker import Broker
from support.polled_topic import Offsets, Reaction, RunningPoller, Topic, dies_of, is_content

pytestmark = [
    pytest.mark.xdist_group("secured-broker"),
    pytest.mark.usefixtures("sockets_collected"),
    pytest.mark.filterwarnings("ignore:unclosed <(socket|ssl):ResourceWarning"),
]

PASSWORD, ANOTHER = "correct horse battery staple", "another one"
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
REFUSED = "retrying: the broker refuses the authentication"


class Secured:
    """A topic of a broker with a listener that asks for a password, and the secrets for it in Secrets Manager."""

    def __init__(self, broker: Broker, scram: str, mutual_tls: str, certificates: Path) -> None:
        self.broker = broker
        self.topic = Topic(broker.bootstrap, partitions=1)
        self._scram, self.mutual_tls = scram, mutual_tls
        self._manager = boto3.client("secretsmanager", region_name="eu-central-1")
        self.user = self.secret({"username": "notify", "password": PASSWORD})
        self.ca = self.secret({"certificate": kafka_tls.ca_certificate(certificates)})
        self.set_password(PASSWORD)

    def secret(self, content: object) -> str:
        """Make a secret and return its ARN."""
        text = content if isinstance(content, str) else json.dumps(content)
        return str(self._manager.create_secret(Name=uuid.uuid4().hex, SecretString=text)["ARN"])

    def tell(self, password: str) -> None:
        """Write another password into the secret."""
        content = json.dumps({"username": "notify", "password": password})
        self._manager.put_secret_value(SecretId=self.user, SecretString=content)

    def set_password(self, password: str) -> None:
        """Set another password in the broker."""
        kafka_tls.set_password(self.broker.bootstrap, username="notify", password=password)

    def settings(self, authentication: KafkaAuthentication) -> dict[str, Any]:
        return client_settings(authentication, lambda _: self._manager)

    def poll(
        self,
        reacts: Reaction = is_content,
        *,
        ca: str | None = None,
        mechanism: Mechanism = "SCRAM-SHA-512",
        **options: Any,
    ) -> RunningPoller:
        """Start a poller that authenticates with a password; `options` are fields of its mapping."""
        authentication = KafkaAuthentication(mechanism=mechanism, user=self.user, ca=ca or self.ca)
        authenticate = partial(self.settings, authentication)
        return self.topic.poll(reacts, bootstrap=self._scram, authenticate=authenticate, **options)

    def poll_with_certificate(self, secret: dict[str, str]) -> RunningPoller:
        """Start a poller that authenticates with a client's certificate."""
        authentication = KafkaAuthentication(certificate=self.secret(secret), ca=self.ca)
        return self.topic.poll(bootstrap=self.mutual_tls, authenticate=partial(self.settings, authentication))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def listener(start_broker: Callable[..., Broker], certificates: Path) -> tuple[Broker, str, str]:
    """A broker, and the addresses of its listeners that ask for a password and for a client's certificate."""
    scram, mutual_tls = ports.claim("kafka", 0), ports.claim("kafka", 0)
    listeners = [
        kafka_tls.scram(scram, folder=certificates, plain_users={"notify": PASSWORD}),
        kafka_tls.mutual_tls(mutual_tls, folder=certificates),
    ]
    return start_broker(listeners=listeners), f"localhost:{scram}", f"localhost:{mutual_tls}"


@pytest.fixture
def secured(
    listener: tuple[Broker, str, str], certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Secured]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        secured = Secured(*listener, certificates)
        yield secured
        secured.topic.close()


def test_mapping_authenticates_and_commits(secured: Secured) -> None:
    secured.topic.produce(3)
    poller = secured.poll()
    assert poller.wait_for(3) == [0, 1, 2]
    secured.topic.wait_for_commit({0: 3})
    assert not any("cannot read" in line for line in poller.reports)


@pytest.mark.parametrize("mechanism", get_args(Mechanism))
def test_mapping_authenticates_by_each_mechanism(secured: Secured, mechanism: Mechanism) -> None:
    secured.topic.produce(1)
    assert secured.poll(mechanism=mechanism).wait_for(1) == [0]


def test_on_failure_topic_gets_records_over_the_same_authentication(secured: Secured) -> None:
    dead = f"{secured.topic.name}-dead"
    secured.broker.create_topic(dead)
    secured.topic.produce(1)
    poller = secured.poll(dies_of((f"{secured.topic.name}-0", 0)), maximum_retries=0, on_failure=f"kafka://{dead}")
    poller.wait_for_report(f"sent to kafka://{dead}")
    assert [each.key for each in secured.broker.records(dead)] == [b"key"]


def test_mapping_authenticates_with_a_certificate(secured: Secured, certificates: Path) -> None:
    certificate, key = kafka_tls.client_certificate(certificates)
    secured.topic.produce(1)
    assert secured.poll_with_certificate({"certificate": certificate, "privateKey": key}).wait_for(1) == [0]


def test_private_key_of_a_certificate_may_have_a_password(secured: Secured, certificates: Path) -> None:
    certificate, key = kafka_tls.client_certificate(certificates)
    encryption = BestAvailableEncryption(PASSWORD.encode())
    encrypted = load_pem_private_key(key.encode(), None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    secret = {"certificate": certificate, "privateKey": encrypted.decode(), "privateKeyPassword": PASSWORD}
    secured.topic.produce(1)
    assert secured.poll_with_certificate(secret).wait_for(1) == [0]


def test_certificate_of_another_authority_is_refused(secured: Secured, tmp_path: Path) -> None:
    kafka_tls.mutual_tls(9094, folder=tmp_path)
    certificate, key = kafka_tls.client_certificate(tmp_path)
    secured.topic.produce(1)
    poller = secured.poll_with_certificate({"certificate": certificate, "privateKey": key})
    poller.wait_for_report(f"Mapping cannot read {secured.topic.name}, retrying: ")
    assert poller.function.payloads == []


def test_private_key_that_cannot_be_read_is_reported_and_not_shown(secured: Secured, certificates: Path) -> None:
    certificate, _ = kafka_tls.client_certificate(certificates)
    poller = secured.poll_with_certificate({"certificate": certificate, "privateKey": "guessed it"})
    poller.wait_for_report(f"Mapping cannot read {secured.topic.name}, retrying: ")
    assert not any("guessed it" in line for line in poller.reports)


def test_wrong_password_is_reported_and_retried_until_the_secret_is_right(secured: Secured) -> None:
    secured.topic.produce(1)
    secured.tell("guessed it")
    poller = secured.poll()
    poller.wait_for_report(REFUSED)
    secured.tell(PASSWORD)
    assert poller.wait_for(1) == [0]
    # It is reported once, however often the poller retries.
    assert len([line for line in poller.reports if REFUSED in line]) == 1
    assert not any("guessed it" in line or PASSWORD in line for line in poller.reports)


def test_a_password_that_is_changed_is_found_in_the_secret(secured: Secured) -> None:
    secured.topic.produce(1)
    poller = secured.poll()
    poller.wait_for(1)
    secured.topic.wait_for_commit({0: 1})
    secured.set_password(ANOTHER)
    # An authenticated connection stays authenticated, so the broker has to end it.
    secured.broker.stop()
    secured.broker.start()
    poller.wait_for_report(REFUSED)
    secured.topic.produce(1)
    secured.tell(ANOTHER)
    assert poller.wait_for(2) == [0, 1]


def test_a_partition_that_is_held_is_held_after_another_authentication(secured: Secured) -> None:
    let = threading.Event()

    def react(_: Offsets) -> bytes:
        if not let.is_set():
            raise ValueError("not yet")
        return b"null"

    secured.topic.produce(2)
    poller = secured.poll(react)
    poller.wait_for(2)
    secured.set_password(ANOTHER)
    secured.broker.stop()
    secured.broker.start()
    poller.wait_for_report(REFUSED)
    before = len(poller.function.batches())
    secured.tell(ANOTHER)
    poller.wait_for(2 * before + 2)
    secured.topic.produce(1)
    attempts = len(poller.function.batches())
    poller.wait_for(2 * attempts + 4)
    assert 2 not in poller.function.delivered()
    let.set()
    secured.topic.wait_for_commit({0: 3})
    assert poller.function.delivered()[-3:] == [0, 1, 2]


def test_brokers_with_a_certificate_of_an_unknown_authority_are_not_trusted(secured: Secured, tmp_path: Path) -> None:
    kafka_tls.tls(9093, folder=tmp_path)
    poller = secured.poll(ca=secured.secret({"certificate": kafka_tls.ca_certificate(tmp_path)}))
    poller.wait_for_report("certificate verify failed")
    assert poller.function.payloads == []


def test_a_secret_that_cannot_be_used_is_named_and_not_shown(secured: Secured) -> None:
    for content, said in {
        "no JSON, with guessed it": 'is not of the form {"username": "…", "password": "…"}',
        '["guessed it"]': "is not of the form",
        '{"username": "guessed it"}': "is not of the form",
    }.items():
        arn = secured.secret(content)
        with pytest.raises(AuthenticationError) as raised:
            secured.settings(KafkaAuthentication(mechanism="SCRAM-SHA-512", user=arn))
        assert str(raised.value).startswith(f"the secret {arn} {said}")
        assert "guessed it" not in str(raised.value)
    with pytest.raises(AuthenticationError, match="contains no certificate in PEM"):
        secured.settings(KafkaAuthentication(ca=secured.secret({"certificate": "none"})))
    with pytest.raises(AuthenticationError, match=r"^the secret nowhere cannot be read: .*ResourceNotFoundException"):
        secured.settings(KafkaAuthentication(mechanism="SCRAM-SHA-512", user="nowhere"))
