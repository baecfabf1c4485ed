"""The mapping's poller on a broker that encrypts and asks for a password, with secrets that change under it."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local import kafka_security, ports
from local.mapping.login import LoginError, client_settings
from local.model import KafkaLogin
from tests.system.broker import Broker
from tests.system.test_mapping import Offsets, Reaction, Running, Topic, is_content

pytestmark = [
    pytest.mark.xdist_group("secured-broker"),
    pytest.mark.usefixtures("sockets_collected"),
    pytest.mark.filterwarnings("ignore:unclosed <(socket|ssl):ResourceWarning"),
]

PASSWORD, ANOTHER = "correct horse battery staple", "another one"
REFUSED = "Mapping cannot connect, and goes on trying: the login is refused"


class Secured:
    """A topic of a broker with a listener that asks for a password, and the secrets for it in Secrets Manager."""

    def __init__(self, broker: Broker, scram: str, certificates: Path) -> None:
        self.broker = broker
        self.topic = Topic(broker.bootstrap, partitions=1)
        self._scram = scram
        self._manager = boto3.client("secretsmanager", region_name="eu-central-1")
        self.user = self.secret({"username": "notify", "password": PASSWORD})
        self.ca = self.secret({"certificate": kafka_security.ca_certificate(certificates)})
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
        """Have the broker take another password."""
        kafka_security.set_password(self.broker.bootstrap, username="notify", password=password)

    def settings(self, login: KafkaLogin) -> dict[str, Any]:
        return client_settings(login, lambda _: self._manager)

    def poll(self, reacts: Reaction = is_content, *, ca: str | None = None) -> Running:
        """Start a poller that logs in."""
        login = KafkaLogin(user=self.user, ca=ca or self.ca)
        return self.topic.poll(reacts, bootstrap=self._scram, login=partial(self.settings, login))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def listener(start_broker: Callable[..., Broker], certificates: Path) -> tuple[Broker, str]:
    """A broker, and its address for who logs in."""
    port = ports.claim("kafka", 0)
    return start_broker(listeners=[kafka_security.scram(port, folder=certificates)]), f"localhost:{port}"


@pytest.fixture
def secured(listener: tuple[Broker, str], certificates: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secured]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        secured = Secured(*listener, certificates)
        yield secured
        secured.topic.close()


def test_a_mapping_logs_in_and_commits(secured: Secured) -> None:
    secured.topic.produce(3)
    running = secured.poll()
    assert running.wait_for(3) == [0, 1, 2]
    secured.topic.wait_for_commit({0: 3})
    assert not any("cannot connect" in line for line in running.reports)


def test_a_wrong_password_is_said_and_tried_again_until_the_secret_is_right(secured: Secured) -> None:
    secured.topic.produce(1)
    secured.tell("guessed it")
    running = secured.poll()
    running.wait_for_report(REFUSED)
    secured.tell(PASSWORD)
    assert running.wait_for(1) == [0]
    # It is said once, however often it is tried.
    assert running.reports.count(REFUSED) == 1
    assert not any("guessed it" in line or PASSWORD in line for line in running.reports)


def test_a_password_that_is_changed_is_found_in_the_secret(secured: Secured) -> None:
    secured.topic.produce(1)
    running = secured.poll()
    running.wait_for(1)
    secured.topic.wait_for_commit({0: 1})
    secured.set_password(ANOTHER)
    # A connection that is logged in stays so.
    secured.broker.stop()
    secured.broker.start()
    running.wait_for_report(REFUSED)
    secured.topic.produce(1)
    secured.tell(ANOTHER)
    assert running.wait_for(2) == [0, 1]


def test_a_partition_that_is_held_is_held_after_another_login(secured: Secured) -> None:
    let = threading.Event()

    def react(_: Offsets) -> bytes:
        if not let.is_set():
            raise ValueError("not yet")
        return b"null"

    secured.topic.produce(2)
    running = secured.poll(react)
    running.wait_for(2)
    secured.set_password(ANOTHER)
    secured.broker.stop()
    secured.broker.start()
    running.wait_for_report(REFUSED)
    before = len(running.function.batches())
    secured.tell(ANOTHER)
    running.wait_for(2 * before + 2)
    secured.topic.produce(1)
    again = len(running.function.batches())
    running.wait_for(2 * again + 4)
    assert 2 not in running.function.delivered()
    let.set()
    secured.topic.wait_for_commit({0: 3})
    assert running.function.delivered()[-3:] == [0, 1, 2]


def test_brokers_with_a_certificate_of_an_unknown_authority_are_not_trusted(secured: Secured, tmp_path: Path) -> None:
    kafka_security.tls(9093, folder=tmp_path)
    running = secured.poll(ca=secured.secret({"certificate": kafka_security.ca_certificate(tmp_path)}))
    running.wait_for_report("CERTIFICATE_VERIFY_FAILED")
    assert running.function.payloads == []


def test_a_secret_that_cannot_be_used_is_named_and_not_shown(secured: Secured) -> None:
    for content, said in {
        "no JSON, with guessed it": 'is not of the form {"username": "…", "password": "…"}',
        '["guessed it"]': "is not of the form",
        '{"username": "guessed it"}': "is not of the form",
    }.items():
        arn = secured.secret(content)
        with pytest.raises(LoginError) as raised:
            secured.settings(KafkaLogin(user=arn))
        assert str(raised.value).startswith(f"the secret {arn} {said}")
        assert "guessed it" not in str(raised.value)
    with pytest.raises(LoginError, match="has no certificate in PEM in it"):
        secured.settings(KafkaLogin(ca=secured.secret({"certificate": "none"})))
    with pytest.raises(LoginError, match=r"^the secret nowhere cannot be read: .*ResourceNotFoundException"):
        secured.settings(KafkaLogin(user="nowhere"))
