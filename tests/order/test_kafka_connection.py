"""What is said of a broker that cannot be reached; what is said of a login, tests/system tries on a real one."""

from __future__ import annotations

import gc
import logging
import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer
from kafka.errors import KafkaConnectionError, KafkaTimeoutError, RequestTimedOutError
from kafka.protocol.sasl import SaslAuthenticateRequest

from functions.order.connection import NotConnectedError, explained

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <(socket|ssl):ResourceWarning")


@pytest.fixture(autouse=True)
def sockets_collected(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """kafka-python leaves those of failed connections to the garbage collector; pytest keeps them with the log."""
    yield
    caplog.get_records("call").clear()
    gc.collect()


def connect(*servers: str) -> None:
    KafkaProducer(bootstrap_servers=list(servers), bootstrap_timeout_ms=300)


def test_a_port_on_which_nobody_listens_is_named_as_the_cause() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NotConnectedError, match="ECONNREFUSED") as raised, explained():
        connect(f"127.0.0.1:{port}")
    assert str(raised.value).count("ECONNREFUSED") == 1  # tried more than once, said once


def test_a_broker_that_never_answers_is_said_to_be_that() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(NotConnectedError, match="Request timed out"), explained():
            connect(address)


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(ValueError, match="other"), explained():
        raise ValueError("other")


def test_afterwards_nothing_listens_to_the_log_any_more() -> None:
    before = list(logging.getLogger("kafka.net.connection").handlers)
    with pytest.raises(NotConnectedError, match="no more time"), explained():
        raise KafkaTimeoutError("no more time")
    assert logging.getLogger("kafka.net.connection").handlers == before


def test_no_answer_to_a_login_is_no_refusal_and_a_hang_up_is() -> None:
    assert reason_for(RequestTimedOutError("too late")).endswith("RequestTimedOutError: too late")
    assert reason_for(KafkaConnectionError("socket disconnected")) == "the login is refused"


def reason_for(error: Exception) -> str:
    """What is said of a connection that is lost with `error` before a login is answered."""
    request = SaslAuthenticateRequest(b"", version=1)
    request.with_header()
    connection = SimpleNamespace(parser=SimpleNamespace(in_flight_requests=[request.header]))

    def lose_connection() -> None:
        logging.getLogger("kafka.net.connection").error("%s: Connection lost: %s", connection, error)
        raise KafkaTimeoutError("no more time")

    with pytest.raises(NotConnectedError) as raised, explained():
        lose_connection()
    return str(raised.value)
