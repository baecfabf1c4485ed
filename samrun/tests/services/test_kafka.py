"""Reaching Kafka's brokers, and the error if none answers."""

import socket

import pytest

from samrun.services import kafka
from samrun.services.kafka import KafkaUnreachableError
from samrun.supervision.ports import LOOPBACK, claim


def test_check_of_silent_brokers_says_why_and_what_to_do() -> None:
    one, other = claim("kafka", 0), claim("kafka", 0)
    with pytest.raises(KafkaUnreachableError) as raised:
        kafka.check(f"{LOOPBACK}:{one},{LOOPBACK}:{other}")
    message = str(raised.value)
    assert f"({LOOPBACK}:{one}: Connection refused, {LOOPBACK}:{other}: Connection refused)" in message
    assert "KAFKA_BOOTSTRAP_SERVERS" in message


def test_reach_needs_only_one_of_several_brokers() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        server.settimeout(kafka.PATIENCE)
        kafka.reach(f"{LOOPBACK}:{claim('kafka', 0)},{LOOPBACK}:{server.getsockname()[1]}")
        connection, (host, _) = server.accept()
        with connection:
            assert host == LOOPBACK
            assert connection.recv(1) == b"", "it asks nothing, and leaves no connection open"
