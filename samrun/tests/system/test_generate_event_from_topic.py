"""Events of records that are in a topic: `samrun generate-event --from-topic`."""

import base64
import json
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from kafka import KafkaProducer

from samrun.endpoints import Endpoints
from samrun.mapping.record_finder import NoRecordError, find_record
from samrun.mapping.record_position import RecordPosition
from samrun.services.kafka import create_topics
from samrun.testing.broker import Broker

pytestmark = pytest.mark.xdist_group("shared-broker")

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def topic(broker: Broker) -> str:
    """A topic of two partitions, with the values 0 and 2 in the first and 1, the newest, in the second."""
    name = f"topic-{uuid.uuid4().hex}"
    create_topics(broker.bootstrap, [name], partitions=2)
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    now = int(time.time() * 1000)  # much older, and Kafka would clear them away
    for partition, value, timestamp in ((0, b"0", now - 3), (0, b"2", now - 2), (1, b"1", now - 1)):
        headers = [("name", b"\xff")]
        producer.send(name, value, key=b"k", partition=partition, timestamp_ms=timestamp, headers=headers).get(30)
    producer.close()
    return name


@pytest.fixture
def data(broker: Broker, tmp_path: Path) -> Path:
    """The data folder of a stack of which only the broker runs."""
    everywhere: dict[str, Any] = dict.fromkeys(("api", "lambda_", "console", "aws", "dynamodb"), NOWHERE)
    everywhere["console"] = f"http://{broker.bootstrap}"  # what listens there does not matter: the stack runs
    Endpoints(**everywhere, kafka=broker.bootstrap).write(tmp_path)
    return tmp_path


def generated(data: Path, *arguments: str) -> bytes:
    command = [sys.executable, "-m", "samrun", "generate-event", "self-managed-kafka", "--data", str(data)]
    done = subprocess.run([*command, *arguments], cwd=data, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.encode()


def only_record(event: bytes) -> dict[str, Any]:
    [[record]] = json.loads(event)["records"].values()
    assert isinstance(record, dict)
    return record


def test_options_replace_the_fields_of_the_record(broker: Broker, data: Path, topic: str) -> None:
    event = generated(data, "--from-topic", topic, "--key", "other", "--header", "replay=1")
    assert json.loads(event)["bootstrapServers"] == broker.bootstrap
    record = only_record(event)
    assert record["topic"] == topic
    assert base64.b64decode(record["key"]) == b"other"
    assert base64.b64decode(record["value"]) == b"1"
    assert record["headers"] == [{"name": [-1]}, {"replay": [49]}]


@pytest.mark.parametrize(
    ("partition", "offset", "found"), [(None, None, (1, 0)), (0, None, (0, 1)), (0, 0, (0, 0))], ids=str
)
def test_the_record_is_the_one_at_the_position(
    broker: Broker, topic: str, partition: int | None, offset: int | None, found: tuple[int, int]
) -> None:
    record = find_record(RecordPosition(topic=topic, partition=partition, offset=offset), broker.bootstrap)
    assert (record.topic, record.partition, record.offset) == (topic, *found)


def test_the_newest_record_is_found_before_the_mark_of_its_transaction(broker: Broker, topic: str) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, transactional_id=topic)
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(topic, b"committed", partition=1)
    producer.commit_transaction()
    producer.close()
    assert find_record(RecordPosition(topic=topic, partition=1), broker.bootstrap).value == b"committed"


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_record_of_every_codec_is_found(broker: Broker, topic: str, codec: str) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap, "compression.type": codec})
    producer.produce(topic, b"compressed " * 100, partition=1)
    producer.flush()
    assert find_record(RecordPosition(topic=topic, partition=1), broker.bootstrap).value == b"compressed " * 100


def test_a_missing_record_is_an_error_that_names_the_records_that_exist(broker: Broker, topic: str) -> None:
    empty = f"topic-{uuid.uuid4().hex}"
    create_topics(broker.bootstrap, [empty], partitions=1)
    for position, said in {
        RecordPosition(topic=topic, partition=0, offset=7): f"{topic}:0 has no record 7; its offsets are 0 to 1.",
        RecordPosition(topic=topic, partition=5): f"{topic} has no partition 5; it has 0, 1.",
        RecordPosition(topic=empty): f"{empty} has no records yet.",
        RecordPosition(topic=empty, partition=0, offset=0): f"{empty}:0 has no record 0; it is empty.",
        RecordPosition(topic="nowhere"): "There is no topic nowhere; there are ",
    }.items():
        with pytest.raises(NoRecordError) as raised:
            find_record(position, broker.bootstrap)
        assert str(raised.value).startswith(said)
