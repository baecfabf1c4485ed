from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.config import Config

from functions.notify.aws_clients import NO_RETRY_CONFIG
from functions.notify.channels.connections import MAX_IDLE, Connections
from tests.notify.sockets import server

if TYPE_CHECKING:
    import socket

    import boto3
    import pytest
    from mypy_boto3_sesv2 import SESV2Client

    from tests.notify.fakes import FakeClock

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{"MessageId": "1"}'


def client_of(session: boto3.Session, port: int) -> SESV2Client:
    return session.client(
        "sesv2", endpoint_url=f"http://127.0.0.1:{port}", config=NO_RETRY_CONFIG.merge(Config(proxies={}))
    )


def answer_once(connection: socket.socket) -> None:
    """Answer, and break the connection at the next request: its unread bytes reset it."""
    connection.sendall(ANSWER)
    connection.recv(1)


def test_an_idle_connection_is_closed_before_a_send_could_lose_its_answer(
    session: boto3.Session, clock: FakeClock
) -> None:
    with server(answer_once) as (port, requests):
        client = client_of(session, port)
        connections = Connections([client], clock=clock)
        try:
            for _ in range(3):
                with connections.in_use():
                    client.send_email(Content={"Raw": {"Data": b"mail"}})
                clock.now += 1.1 * MAX_IDLE
        finally:
            client.close()  # the server waits for it
    assert len(requests) == 3


def test_connections_are_kept_between_batches_that_follow_each_other(
    session: boto3.Session, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(session, port=0)
    closed: list[str] = []
    monkeypatch.setattr(client, "close", lambda: closed.append("closed"))
    connections = Connections([client], clock=clock)
    for _ in range(3):
        with connections.in_use():
            clock.now += 2 * MAX_IDLE  # a long batch is no pause
        clock.now += MAX_IDLE
    assert closed == []
