from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.config import Config

from functions.notify.aws import SENDS
from functions.notify.connections import LONGEST_IDLE, Connections
from tests.notify.sockets import server

if TYPE_CHECKING:
    import socket

    import boto3
    import pytest
    from mypy_boto3_sesv2 import SESV2Client

    from tests.notify.conftest import Clock

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{"MessageId": "1"}'


def client_of(session: boto3.Session, port: int) -> SESV2Client:
    return session.client("sesv2", endpoint_url=f"http://127.0.0.1:{port}", config=SENDS.merge(Config(proxies={})))


def answer_once(connection: socket.socket) -> None:
    """Answer, and break the connection off at the next request: what is left unread resets it."""
    connection.sendall(ANSWER)
    connection.recv(1)


def test_a_connection_that_died_in_a_freeze_loses_no_answer(session: boto3.Session, clock: Clock) -> None:
    with server(answer_once) as (port, requests):
        client = client_of(session, port)
        connections = Connections([client], clock=clock)
        try:
            for _ in range(3):
                with connections.in_use():
                    client.send_email(Content={"Raw": {"Data": b"mail"}})
                clock.now += 1.1 * LONGEST_IDLE
        finally:
            client.close()  # the server waits for it
    assert len(requests) == 3


def test_connections_of_batches_that_follow_each_other_are_kept(
    session: boto3.Session, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(session, port=0)
    closed: list[str] = []
    monkeypatch.setattr(client, "close", lambda: closed.append("closed"))
    connections = Connections([client], clock=clock)
    for _ in range(3):
        with connections.in_use():
            clock.now += 2 * LONGEST_IDLE  # a long batch is no pause
        clock.now += LONGEST_IDLE
    assert closed == []
