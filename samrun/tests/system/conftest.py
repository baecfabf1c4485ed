"""A broker and a DynamoDB for the tests of the runner that leave them as they were."""

from collections.abc import Iterator

import pytest

from samrun.testing.broker import Broker
from samrun.testing.dynamodb import Database
from samrun.testing.fixtures import sockets_collected, start_broker
from support.polled_topic import Topic

__all__ = ["sockets_collected", "start_broker"]


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Yield a broker: each test has topics of its own on it; one that stops or freezes it leaves it ready."""
    with Broker(tmp_path_factory.mktemp("shared-broker")) as broker:
        yield broker


@pytest.fixture
def topic(broker: Broker) -> Iterator[Topic]:
    """Yield a topic of its own for a test, and end the pollers on it."""
    topic = Topic(broker.bootstrap)
    yield topic
    topic.close()


@pytest.fixture(scope="session")
def shared_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Yield a DynamoDB without tables; each test makes tables of its own in it."""
    with Database(tmp_path_factory.mktemp("shared-database")) as database:
        yield database
