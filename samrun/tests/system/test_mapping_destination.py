"""The mapping's on-failure destination kafka://topic, on a real broker."""

import json
from typing import Any

import pytest
from kafka import KafkaProducer

from samrun.services import kafka
from samrun.testing.broker import Broker, Record
from support.polled_topic import Offsets, Topic, dies_of, failures

pytestmark = pytest.mark.xdist_group("shared-broker")


@pytest.fixture
def dead(broker: Broker, topic: Topic) -> str:
    """A topic for discarded records, with as many partitions as the test's topic."""
    name = f"{topic.name}-dead"
    kafka.create_topics(broker.bootstrap, [name], partitions=2)
    return name


def _message(record: Record) -> dict[str, Any]:
    assert record.value
    message: dict[str, Any] = json.loads(record.value)
    return message


def test_each_record_of_a_discarded_batch_becomes_a_message_of_the_topic(
    broker: Broker, topic: Topic, dead: str
) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    producer.send(topic.name, b"first", key=b"a", partition=0, headers=[("h", b"x")], timestamp_ms=1700000000000)
    producer.send(topic.name, b"second", partition=0, timestamp_ms=1700000001000)
    producer.close()
    poller = topic.poll(dies_of((f"{topic.name}-0", 0)), maximum_retries=1, on_failure=f"kafka://{dead}", window=1.0)
    topic.wait_for_commit({0: 2, 1: 0})
    poller.wait_for_report(f"(2 records) is discarded (RetryAttemptsExhausted) and sent to kafka://{dead}")
    by_offset = {_message(each)["KafkaBatchInfo"]["recordInfo"]["offset"]: each for each in broker.records(dead)}
    assert {offset: record.key for offset, record in by_offset.items()} == {"0": b"a", "1": None}
    message = _message(by_offset["0"])
    assert message["requestContext"]["condition"] == "RetriesExhausted"
    assert message["requestContext"]["approximateInvokeCount"] == 2
    assert message["KafkaBatchInfo"]["recordInfo"]["timestamp"] == "2023-11-14T22:13:20.000Z"
    assert message["payload"]["records"] == {
        f"{topic.name}-0": [
            {
                "topic": topic.name,
                "partition": 0,
                "offset": 0,
                "timestamp": 1700000000000,
                "timestampType": "CREATE_TIME",
                "headers": [{"h": [120]}],
                "key": "YQ==",
                "value": "Zmlyc3Q=",
            }
        ]
    }


def test_a_key_leads_to_the_partition_that_java_s_client_gives_it(broker: Broker, topic: Topic, dead: str) -> None:
    # kafka-python's default partitioner is that of Java's client.
    keys = [f"key-{number}".encode() for number in range(20)]
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    for key in keys:
        producer.send(topic.name, b"value", key=key)
    producer.close()
    expected = {each.key: each.partition for each in broker.records(topic.name)}
    topic.poll(_fails, maximum_retries=0, on_failure=f"kafka://{dead}")
    topic.wait_for_commit({partition: list(expected.values()).count(partition) for partition in (0, 1)})
    assert {each.key: each.partition for each in broker.records(dead)} == expected


def _fails(_: Offsets) -> bytes:
    raise ValueError("always")


def test_records_that_the_function_reported_as_done_do_not_go_to_the_topic(
    broker: Broker, topic: Topic, dead: str
) -> None:
    topic.produce(4)
    topic.poll(lambda _: failures((f"{topic.name}-0", 2)), maximum_retries=0, on_failure=f"kafka://{dead}", window=1.0)
    topic.wait_for_commit({0: 4, 1: 0})
    [record] = broker.records(dead)
    assert _message(record)["KafkaBatchInfo"]["recordInfo"]["offset"] == "2"


def test_a_topic_that_is_missing_is_reported_with_what_to_do(broker: Broker, topic: Topic, dead: str) -> None:
    topic.produce(1)
    poller = topic.poll(dies_of((f"{topic.name}-0", 0)), maximum_retries=0, on_failure=f"kafka://{dead}-missing")
    topic.wait_for_commit({0: 1, 1: 0})
    poller.wait_for_report(
        f"its on-failure destination did not accept it: kafka://{dead}-missing: the mapping's cluster has no such "
        "topic. Create it, or correct DestinationConfig in the template. The topic still has its records"
    )
    assert not [line for line in poller.reports if "has no on-failure destination" in line]


def test_a_message_that_the_topic_is_too_small_for_is_reported(broker: Broker, topic: Topic) -> None:
    small = f"{topic.name}-small"
    broker.create_topic(small, max_message_bytes=300)
    topic.produce(1)
    poller = topic.poll(dies_of((f"{topic.name}-0", 0)), maximum_retries=0, on_failure=f"kafka://{small}")
    topic.wait_for_commit({0: 1, 1: 0})
    poller.wait_for_report(f"kafka://{small}: 1 of 1 messages were not accepted: MSG_SIZE_TOO_LARGE")


def test_records_of_an_aborted_transaction_are_delivered_as_java_s_client_does_by_default(topic: Topic) -> None:
    producer = KafkaProducer(bootstrap_servers=topic.bootstrap, transactional_id=f"{topic.name}-writer")
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(topic.name, b"aborted", partition=0)
    producer.flush()
    producer.abort_transaction()
    producer.begin_transaction()
    producer.send(topic.name, b"committed", partition=0)
    producer.commit_transaction()
    producer.close()
    poller = topic.poll()
    # Offsets 1 and 3 are the markers of the two ends, which no client delivers.
    assert poller.wait_for(2) == [0, 2]
    topic.wait_for_commit({0: 3, 1: 0})


def test_records_of_an_open_transaction_are_delivered_before_its_end(topic: Topic) -> None:
    producer = KafkaProducer(bootstrap_servers=topic.bootstrap, transactional_id=f"{topic.name}-writer")
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(topic.name, b"not yet committed", partition=0)
    producer.flush()
    assert topic.poll().wait_for(1) == [0]
    producer.abort_transaction()
    producer.close()
