"""The send window, with a client of SES and a server that notes what it gets."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError

from functions.notify.aws_clients import NO_RETRY_CONFIG
from functions.notify.channels.provider_errors import CONNECTION_ERRORS
from functions.notify.channels.send_window import SendWindow
from functions.notify.domain.send_errors import DeferredError
from tests.notify.sockets import server

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    import boto3
    from mypy_boto3_sesv2 import SESV2Client

    from tests.notify.fakes import FakeClock

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{"MessageId": "1"}'
MAIL = b"mail" * 10_000  # more than one block


def read_all(connection: socket.socket, first: bytes = b"") -> bytes:
    """Return the body that came, as far as it came."""
    head, _, body = first.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length and (more := connection.recv(65536)):
        body += more
    return body


@pytest.fixture
def window(clock: FakeClock) -> SendWindow:
    return SendWindow(clock=clock)


@pytest.fixture
def bodies() -> list[bytes]:
    return []


@pytest.fixture
def client(session: boto3.Session, window: SendWindow, bodies: list[bytes]) -> Iterator[SESV2Client]:
    requests: list[bytes]

    def answer(connection: socket.socket) -> None:
        bodies.append(read_all(connection, requests[-1]))
        connection.sendall(ANSWER)

    with server(answer) as (port, requests):
        client = session.client(
            "sesv2", endpoint_url=f"http://127.0.0.1:{port}", config=NO_RETRY_CONFIG.merge(Config(proxies={}))
        )
        window.watch(client)
        yield client
        client.close()


def send(client: SESV2Client) -> str:
    return client.send_email(Content={"Raw": {"Data": MAIL}})["MessageId"]


def test_a_message_within_its_window_is_sent_whole(
    client: SESV2Client, window: SendWindow, clock: FakeClock, bodies: list[bytes]
) -> None:
    with window.until(clock.now):
        assert send(client) == "1"
    assert send(client) == "1"  # without a window, at any time
    assert [len(body) > len(MAIL) for body in bodies] == [True, True]


def test_nothing_of_a_late_message_reaches_its_provider_although_a_connection_was_made(
    client: SESV2Client, window: SendWindow, clock: FakeClock, bodies: list[bytes]
) -> None:
    with window.until(clock.now - timedelta(milliseconds=1)), pytest.raises(ConnectTimeoutError):
        send(client)
    client.close()
    assert CONNECTION_ERRORS["ConnectTimeoutError"] is DeferredError  # so its claim is released
    with window.until(clock.now):
        send(client)
    assert [len(body) > 0 for body in bodies] == [False, True]
