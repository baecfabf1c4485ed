"""What is said of a Kafka that does not answer."""

import socket

import pytest

from local import kafka
from local.kafka import KafkaUnreachableError
from local.ports import LOOPBACK, claim


def test_brokers_that_do_not_answer_are_an_error_that_says_why_and_what_to_do() -> None:
    one, other = claim("kafka", 0), claim("kafka", 0)
    with pytest.raises(KafkaUnreachableError) as raised:
        kafka.check(f"{LOOPBACK}:{one},{LOOPBACK}:{other}")
    message = str(raised.value)
    assert f"({LOOPBACK}:{one}: Connection refused, {LOOPBACK}:{other}: Connection refused)" in message
    assert "KAFKA_BOOTSTRAP_SERVERS" in message


def test_one_broker_of_several_is_enough_to_go_on() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        kafka.reach(f"{LOOPBACK}:{claim('kafka', 0)},{LOOPBACK}:{server.getsockname()[1]}")
        server.accept()[0].close()
