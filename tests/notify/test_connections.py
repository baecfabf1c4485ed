from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.config import Config

from functions.notify.aws import SENDS
from functions.notify.connections import LONGEST_IDLE, Connections

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3
    from mypy_boto3_sesv2 import SESV2Client

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{"MessageId": "1"}'
RESET_AT_CLOSE = struct.pack("ii", 1, 0)


@dataclass
class Ses:
    """Answers the first request of each connection and forgets the connection, which it resets at the second one."""

    listener: socket.socket
    taken: list[bytes] = field(default_factory=list)

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:  # the listener closes at the end
                return
            threading.Thread(target=self._answer_once, args=(connection,), daemon=True).start()

    def _answer_once(self, connection: socket.socket) -> None:
        with connection:
            self.taken.append(connection.recv(65536))
            connection.sendall(ANSWER)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
            connection.recv(1)


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 23, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def ses() -> Iterator[Ses]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Ses(listener)
        thread = threading.Thread(target=server.serve)
        thread.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def client(session: boto3.Session, ses: Ses) -> Iterator[SESV2Client]:
    client = session.client(
        "sesv2",
        endpoint_url=f"http://127.0.0.1:{ses.listener.getsockname()[1]}",
        config=SENDS.merge(Config(proxies={})),
    )
    yield client
    client.close()


def send(client: SESV2Client) -> None:
    client.send_email(Content={"Raw": {"Data": b"mail"}})


def test_a_connection_that_died_in_a_freeze_loses_no_answer(ses: Ses, client: SESV2Client) -> None:
    connections = Connections([client], clock=(clock := Clock()))
    for _ in range(3):
        with connections.in_use():
            send(client)
        clock.now += LONGEST_IDLE + timedelta(seconds=1)
    assert len(ses.taken) == 3


def test_connections_of_batches_that_follow_each_other_are_kept(
    client: SESV2Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []
    monkeypatch.setattr(client, "close", lambda: closed.append("closed"))
    connections = Connections([client], clock=(clock := Clock()))
    for _ in range(3):
        with connections.in_use():
            clock.now += 2 * LONGEST_IDLE  # a long batch is no pause
        clock.now += LONGEST_IDLE
    assert closed == []
