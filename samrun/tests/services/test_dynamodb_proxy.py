"""Proxy before DynamoDB Local: what it passes on, what it refuses, and the access key that it puts into requests."""

import asyncio
import contextlib
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from pathlib import Path

import pytest

from samrun.services import dynamodb_proxy
from samrun.services.dynamodb_proxy import DynamoDbProxy
from samrun.supervision.browser_guard import BrowserGuard
from samrun.supervision.ports import LOOPBACK

BODY = b'{"TableName": "Orders"}'
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential={key}/20261130/{region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
)
SIGNED = AUTHORIZATION.format(key="local", region="eu-west-1")


def request(headers: Mapping[str, str] = {}, *, body: bytes = BODY) -> bytes:
    fields = {"Host": "127.0.0.1:8000", "Authorization": SIGNED, "Content-Length": str(len(body)), **headers}
    lines = [f"{name}: {value}\r\n" for name, value in fields.items()]
    return f"POST / HTTP/1.1\r\n{''.join(lines)}\r\n".encode() + body


async def _exchange(sent: bytes, served: int) -> tuple[bytes, bytes]:
    """Send bytes through the proxy; return what reached its target, which answers each request, and what came back.

    The client stays until it has the answers to `served` requests, or, if there are to be fewer, until the proxy hangs
    up.
    """
    reached, ended = bytearray(), asyncio.Event()

    async def target(reader: StreamReader, writer: StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                [length] = re.findall(rb"(?i)content-length: (\d+)", head)
                reached.extend(head + await reader.readexactly(int(length)))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()
        ended.set()

    async with await asyncio.start_server(target, LOOPBACK, 0) as server:
        proxy = DynamoDbProxy(target=server.sockets[0].getsockname()[1], guard=BrowserGuard(), access_key="5ec2e7")
        async with await asyncio.start_server(proxy.serve, LOOPBACK, 0, limit=1024) as front, asyncio.timeout(20):
            reader, writer = await asyncio.open_connection(*front.sockets[0].getsockname())
            writer.write(sent)
            answer = bytearray()
            while answer.count(b"{}") < served and (chunk := await reader.read(1000)):
                answer += chunk
            writer.close()
            await writer.wait_closed()
            await ended.wait()
    return bytes(reached), bytes(answer)


def exchange(sent: bytes, *, served: int = 1) -> tuple[bytes, bytes]:
    return asyncio.run(_exchange(sent, served))


def test_request_is_passed_on_with_the_secret_access_key_and_one_region() -> None:
    reached, answer = exchange(request())
    assert reached == request({"Authorization": AUTHORIZATION.format(key="5ec2e7", region="local")})
    assert answer.endswith(b"{}")


def test_request_without_a_signature_gets_none() -> None:
    unsigned = request({"Authorization": "Basic abc"})
    assert exchange(unsigned)[0] == unsigned


def test_credential_in_a_body_is_left_alone() -> None:
    body = b"\r\nAuthorization: Credential=local/20261130/eu-west-1/dynamodb\r\n"
    assert exchange(request(body=body))[0].endswith(body)


@pytest.mark.parametrize("body", [b"", b"x" * 1_000_000], ids=["empty", "large"])
def test_bodies_of_any_size_are_passed_on(body: bytes) -> None:
    reached, answer = exchange(request(body=body) + request(body=body), served=2)
    assert reached.count(body) >= 2
    assert len(reached) > 2 * len(body)
    assert answer.count(b"200 OK") == 2


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example.com:8000"}, b"400"),
        ({"host": "evil.example.com:8000"}, b"400"),
        ({"Origin": "http://evil.example.com"}, b"403"),
        ({"ORIGIN": "null"}, b"403"),
        ({"Sec-Fetch-Site": "cross-site"}, b"403"),
        ({"Transfer-Encoding": "chunked"}, b"411"),
        ({"Content-Length": "x"}, b"411"),
        ({"Content-Length": "-1"}, b"411"),
        ({"X-Long": "x" * 2000}, b"431"),
    ],
)
def test_refused_request_reaches_nothing(headers: dict[str, str], status: bytes) -> None:
    reached, answer = exchange(request(headers))
    assert reached == b""
    assert answer.split()[1] == status


def test_each_request_of_a_connection_is_checked() -> None:
    reached, answer = exchange(request() + request({"Origin": "http://evil.example.com"}) + request(), served=3)
    assert reached.count(b"POST") == 1
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"200", b"403"]


@pytest.mark.parametrize(
    "header", [b"X: a\nTransfer-Encoding: chunked", b"Content-Length : 5", b"X: a\r\n folded", b"none"]
)
def test_headers_that_servers_read_differently_are_refused(header: bytes) -> None:
    sent = request().replace(b"\r\n\r\n", b"\r\n" + header + b"\r\n\r\n")
    reached, answer = exchange(sent)
    assert reached == b""
    assert answer.split()[1] == b"400"


def test_client_of_a_target_that_is_gone_is_disconnected() -> None:
    async def answer() -> bytes:
        proxy = DynamoDbProxy(target=9, guard=BrowserGuard(), access_key="5ec2e7")
        async with await asyncio.start_server(proxy.serve, LOOPBACK, 0) as front:
            reader, writer = await asyncio.open_connection(*front.sockets[0].getsockname())
            received = await reader.read()
            writer.close()
            return received

    assert asyncio.run(answer()) == b""


def test_access_key_stays_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    dynamodb_proxy.prepare(tmp_path / "dynamodb")
    file = tmp_path / "dynamodb" / "access-key"
    key = file.read_text()
    assert re.fullmatch("[0-9a-f]{32}", key)
    assert file.stat().st_mode & 0o077 == 0
    dynamodb_proxy.prepare(tmp_path / "dynamodb")
    assert file.read_text() == key


def test_tables_of_an_earlier_samrun_are_kept(tmp_path: Path) -> None:
    (tmp_path / "shared-local-instance.db").write_text("tables")
    (tmp_path / "shared-local-instance.db-journal").write_text("journal")
    dynamodb_proxy.prepare(tmp_path)
    key = (tmp_path / "access-key").read_text()
    assert (tmp_path / f"{key}_local.db").read_text() == "tables"
    assert (tmp_path / f"{key}_local.db-journal").read_text() == "journal"
    # A compose file or an earlier version made another one in the same folder: the tables in use stay.
    (tmp_path / "shared-local-instance.db").write_text("others")
    dynamodb_proxy.prepare(tmp_path)
    assert (tmp_path / f"{key}_local.db").read_text() == "tables"
