"""Events of records that are in a topic: what the command prints is what the function takes."""

import base64
import json
import subprocess
import sys
import time
import uuid
from typing import Any

import boto3
import pytest
from kafka import KafkaProducer

from local.event_settings import Place
from local.kafka import create_topics
from local.topics import NoRecordError, find
from tests.system.running import ROOT, RunningStack

pytestmark = pytest.mark.xdist_group("shared-stack")


@pytest.fixture
def topic(shared: RunningStack) -> str:
    """A topic of two partitions, with the values 0 and 2 in the first and 1, the newest, in the second."""
    name = f"topic-{uuid.uuid4().hex}"
    create_topics(shared.endpoints["kafka"], [name], partitions=2)
    producer = KafkaProducer(bootstrap_servers=shared.endpoints["kafka"])
    now = int(time.time() * 1000)  # much older, and Kafka would clear them away
    for partition, value, timestamp in ((0, b"0", now - 3), (0, b"2", now - 2), (1, b"1", now - 1)):
        headers = [("name", b"\xff")]
        producer.send(name, value, key=b"k", partition=partition, timestamp_ms=timestamp, headers=headers).get(30)
    producer.close()
    return name


def generated(shared: RunningStack, *arguments: str) -> bytes:
    command = [sys.executable, "-m", "local", "generate-event", "self-managed-kafka", "--data", str(shared.data)]
    done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.encode()


def only_record(event: bytes) -> dict[str, Any]:
    [[record]] = json.loads(event)["records"].values()
    assert isinstance(record, dict)
    return record


def test_the_function_takes_the_event_of_a_record_and_knows_that_it_was_sent(shared: RunningStack) -> None:
    reference = f"pay-generated-{uuid.uuid4().hex[:8]}"
    order_id = shared.place(reference).json()["order_id"]
    event = generated(shared, "--from-topic", "order-events")
    assert base64.b64decode(only_record(event)["key"]).decode() == order_id
    functions = boto3.client(
        "lambda",
        endpoint_url=shared.endpoints["lambda"],
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    answers = [functions.invoke(FunctionName="NotifyFunction", Payload=event) for _ in range(2)]
    assert [answer.get("FunctionError") for answer in answers] == [None, None]
    mail = f"{reference}@example.com"
    assert [each for each in shared.recipients() if each == mail] == [mail]


def test_options_go_before_what_the_record_has(shared: RunningStack, topic: str) -> None:
    event = generated(shared, "--from-topic", topic, "--key", "other", "--header", "replay=1")
    assert json.loads(event)["bootstrapServers"] == shared.endpoints["kafka"]
    record = only_record(event)
    assert record["topic"] == topic
    assert base64.b64decode(record["key"]) == b"other"
    assert base64.b64decode(record["value"]) == b"1"
    assert record["headers"] == [{"name": [-1]}, {"replay": [49]}]


@pytest.mark.parametrize(
    ("partition", "offset", "found"), [(None, None, (1, 0)), (0, None, (0, 1)), (0, 0, (0, 0))], ids=str
)
def test_the_record_is_the_one_of_the_place(
    shared: RunningStack, topic: str, partition: int | None, offset: int | None, found: tuple[int, int]
) -> None:
    record = find(Place(topic=topic, partition=partition, offset=offset), shared.endpoints["kafka"])
    assert (record.topic, record.partition, record.offset) == (topic, *found)


def test_the_newest_record_is_found_before_the_mark_of_its_transaction(shared: RunningStack, topic: str) -> None:
    producer = KafkaProducer(bootstrap_servers=shared.endpoints["kafka"], transactional_id=topic)
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(topic, b"committed", partition=1)
    producer.commit_transaction()
    producer.close()
    assert find(Place(topic=topic, partition=1), shared.endpoints["kafka"]).value == b"committed"


def test_a_record_that_is_not_there_is_an_error_that_says_what_is(shared: RunningStack, topic: str) -> None:
    empty = f"topic-{uuid.uuid4().hex}"
    create_topics(shared.endpoints["kafka"], [empty], partitions=1)
    for place, said in {
        Place(topic=topic, partition=0, offset=7): f"{topic}:0 has no record 7; its offsets are 0 to 1.",
        Place(topic=topic, partition=5): f"{topic} has no partition 5; it has 0, 1.",
        Place(topic=empty): f"{empty} has no records yet.",
        Place(topic=empty, partition=0, offset=0): f"{empty}:0 has no record 0; it is empty.",
        Place(topic="nowhere"): "There is no topic nowhere; there are ",
    }.items():
        with pytest.raises(NoRecordError) as raised:
            find(place, shared.endpoints["kafka"])
        assert str(raised.value).startswith(said)
