"""Reasons of a failed connection to Kafka. tests/system has the reasons of failed authentication, on a real broker."""

from __future__ import annotations

import logging
import socket
from types import SimpleNamespace

import pytest
from kafka import KafkaProducer
from kafka.errors import KafkaConnectionError, KafkaTimeoutError, RequestTimedOutError
from kafka.protocol.sasl import SaslAuthenticateRequest

from functions.order.producer.connection import NotConnectedError, explain_timeouts

pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <(socket|ssl):ResourceWarning"),
    pytest.mark.usefixtures("sockets_collected"),
]


def connect(*servers: str) -> None:
    KafkaProducer(bootstrap_servers=list(servers), bootstrap_timeout_ms=300)


def test_the_error_names_a_port_on_which_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NotConnectedError, match="ECONNREFUSED") as raised, explain_timeouts():
        connect(f"127.0.0.1:{port}")
    assert str(raised.value).count("ECONNREFUSED") == 1  # several attempts, one reason


def test_the_error_says_that_a_broker_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(NotConnectedError, match="Request timed out"), explain_timeouts():
            connect(address)


def test_other_errors_pass_through() -> None:
    with pytest.raises(ValueError, match="other"), explain_timeouts():
        raise ValueError("other")


def test_the_log_handler_is_removed_afterwards() -> None:
    before = list(logging.getLogger("kafka.net.connection").handlers)
    with pytest.raises(NotConnectedError, match="no more time"), explain_timeouts():
        raise KafkaTimeoutError("no more time")
    assert logging.getLogger("kafka.net.connection").handlers == before


def test_a_hang_up_during_authentication_is_a_refusal_and_a_missing_answer_is_not() -> None:
    assert reason_for(RequestTimedOutError("too late")).endswith("RequestTimedOutError: too late")
    assert reason_for(KafkaConnectionError("socket disconnected")) == "the broker refused the authentication"


def reason_for(error: Exception) -> str:
    """Return the reason for a connection that is lost with `error` before the broker answers the authentication."""
    request = SaslAuthenticateRequest(b"", version=1)
    request.with_header()
    connection = SimpleNamespace(parser=SimpleNamespace(in_flight_requests=[request.header]))

    def lose_connection() -> None:
        logging.getLogger("kafka.net.connection").error("%s: Connection lost: %s", connection, error)
        raise KafkaTimeoutError("no more time")

    with pytest.raises(NotConnectedError) as raised, explain_timeouts():
        lose_connection()
    return str(raised.value)
