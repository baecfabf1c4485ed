"""The mapping's poller where a partition or a topic cannot be read, on real brokers: said once, and tried again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from samrun.testing.broker import Broker
from support.polled_topic import Topic

ANYTHING: Any = None
ANY_RULE = AclBindingFilter(
    ResourceType.ANY, ANYTHING, ResourcePatternType.ANY, ANYTHING, ANYTHING, AclOperation.ANY, AclPermissionType.ANY
)
# Kafka's own authorizer, which lets everybody do what no rule is about.
AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
    "super.users": "User:nobody",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "broker"


@pytest.fixture
def own_broker(folder: Path) -> Iterator[Broker]:
    with Broker(folder, properties=AUTHORIZER) as broker:
        yield broker


@pytest.fixture
def topic(own_broker: Broker) -> Iterator[Topic]:
    topic = Topic(own_broker.bootstrap)
    yield topic
    topic.close()


def test_batch_that_cannot_be_decoded_holds_its_own_partition_alone(
    topic: Topic, own_broker: Broker, folder: Path
) -> None:
    for _ in range(3):
        topic.produce(1, partition=0)
    own_broker.stop()
    _damage_second_batch(folder, topic.name)
    own_broker.start()
    poller = topic.poll()
    poller.wait_for_report(f"{topic.name}-0@1 cannot be read, retrying: ")
    topic.produce(5, partition=1)
    assert poller.wait_for(5, partition=1) == [0, 1, 2, 3, 4]
    topic.wait_for_commit({0: 1, 1: 5})
    assert poller.function.delivered(0) == [0]
    assert len([line for line in poller.reports if "cannot be read" in line]) == 1
    assert "stop samrun and commit a later offset" in "".join(poller.reports)
    assert "The other partitions go on." in "".join(poller.reports)
    poller.stop()


def _rule(topic: Topic, operation: AclOperation, permission: AclPermissionType) -> AclBinding:
    pattern = ResourcePatternType.LITERAL
    return AclBinding(ResourceType.TOPIC, topic.name, pattern, "User:ANONYMOUS", "*", operation, permission)


def test_permission_that_is_taken_away_is_said_once_and_missed_until_it_is_back(
    topic: Topic, own_broker: Broker
) -> None:
    admin = AdminClient({"bootstrap.servers": own_broker.bootstrap})
    topic.produce(3)
    poller = topic.poll()
    poller.wait_for(3)
    produces = _rule(topic, AclOperation.WRITE, AclPermissionType.ALLOW)
    reads_not = _rule(topic, AclOperation.READ, AclPermissionType.DENY)
    for done in admin.create_acls([produces, reads_not]).values():
        done.result()
    poller.wait_for_report("TOPIC_AUTHORIZATION_FAILED")
    topic.produce(2)
    for done in admin.delete_acls([ANY_RULE]).values():
        done.result()
    assert poller.wait_for(5) == [0, 1, 2, 3, 4]
    said = [line for line in poller.reports if "TOPIC_AUTHORIZATION_FAILED" in line]
    assert len(said) == len(set(said)), said
    poller.stop()


def test_mapping_without_permission_says_so_at_its_start_and_begins_when_it_is_allowed(
    topic: Topic, own_broker: Broker
) -> None:
    admin = AdminClient({"bootstrap.servers": own_broker.bootstrap})
    topic.produce(3)
    for done in admin.create_acls([_rule(topic, AclOperation.ALL, AclPermissionType.DENY)]).values():
        done.result()
    poller = topic.poll()
    poller.wait_for_report("TOPIC_AUTHORIZATION_FAILED")
    for done in admin.delete_acls([ANY_RULE]).values():
        done.result()
    assert poller.wait_for(3) == [0, 1, 2]
    poller.stop()


def _damage_second_batch(folder: Path, topic: str) -> None:
    """Change a byte of the second batch in the log of the topic's first partition."""
    log = folder / "data" / "log" / f"{topic}-0" / f"{0:020}.log"
    content = bytearray(log.read_bytes())
    # A batch has its length in bytes 8 to 11, and 12 bytes come before what the length counts.
    second = 12 + int.from_bytes(content[8:12], "big")
    end = second + 12 + int.from_bytes(content[second + 8 : second + 12], "big")
    content[end - 3] ^= 0xFF
    log.write_bytes(content)
