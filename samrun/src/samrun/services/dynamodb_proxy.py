"""Proxy before DynamoDB Local, in a process of its own: it alone is known, and it refuses web pages.

DynamoDB Local listens on all addresses of the machine, and no option or property of Java changes that. It checks no
signature, but it keeps a database for each access key and region. So it gets a port that changes with each start, and
the proxy puts a secret access key and one region into every request: who reaches DynamoDB Local itself, from another
machine, finds an empty database.
"""

import argparse
import asyncio
import contextlib
import re
import secrets
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

from samrun.supervision.browser_guard import BrowserGuard, Refusal
from samrun.supervision.files import write_atomically
from samrun.supervision.ports import LOOPBACK
from samrun.supervision.process import Process

REGION = "local"
# With -sharedDb, as samrun started it before, DynamoDB Local keeps its tables in this file.
_SHARED_DATABASE = "shared-local-instance.db"
_KEY_FILE = "access-key"
_CREDENTIAL = re.compile(rb"(?im)^(authorization:[^\r\n]*?Credential=)[^/,\s]+/([0-9]+)/[^/,\s]+/")
# Lines that every server reads alike: no line feed alone, no blank before a colon, no folded line.
_HEAD = re.compile(rb"[^\r\n]+\r\n(?:[^\s:]+:[^\r\n]*\r\n)*\r\n")
_LENGTH = re.compile(r"[0-9]{1,12}")
_CHUNK = 64 * 1024
_HEAD_LIMIT = 64 * 1024
# Seconds for the head of a request, and for each further piece. DynamoDB Local closes an idle connection after 30.
_PATIENCE = 60.0


async def start(*, port: int, target: int, addresses: Sequence[str], data: Path, logs: Path) -> Process:
    """Start the proxy on these addresses of the machine. DynamoDB Local is on the port `target`, with this `data`."""
    command: list[str | Path] = [
        *(sys.executable, "-m", "samrun.services.dynamodb_proxy"),
        *("--port", str(port), "--target", str(target), "--key-file", data / _KEY_FILE),
        *("--addresses", *addresses),
    ]
    return await Process.start("the proxy of DynamoDB Local", command, log=logs / "dynamodb-proxy.log")


def prepare(data: Path) -> None:
    """Choose the access key for the database in a data folder, unless there is one, and keep its earlier tables."""
    file = data / _KEY_FILE
    if not file.exists():
        write_atomically(file, secrets.token_hex(16), mode=0o600)
    database = data / f"{file.read_text()}_{REGION}.db"
    if not database.exists():
        # With its journal, if the stack was killed: before it, so that a kill between the two loses nothing.
        for earlier in sorted(data.glob(f"{_SHARED_DATABASE}*"), reverse=True):
            earlier.rename(earlier.with_name(earlier.name.replace(_SHARED_DATABASE, database.name)))


class DynamoDbProxy:
    """Proxy of connections to the port `target` of this machine."""

    def __init__(self, *, target: int, guard: BrowserGuard, access_key: str) -> None:
        self._target = target
        self._guard = guard
        self._credential = rb"\g<1>%s/\g<2>/%s/" % (access_key.encode(), REGION.encode())

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Pass on the requests of one connection, and their answers."""
        try:
            target_reader, target_writer = await asyncio.open_connection(LOOPBACK, self._target)
        except OSError:
            writer.close()
            return
        answers = asyncio.create_task(_pass_answers(target_reader, writer))
        requests = asyncio.create_task(self._pass_requests(reader, target_writer))
        try:
            await asyncio.wait([answers, requests], return_when=asyncio.FIRST_COMPLETED)
            if requests.done():
                # The answers to the requests before come first.
                target_writer.write_eof()
                await asyncio.wait([answers], timeout=_PATIENCE)
                if refusal := requests.result():
                    _answer(writer, refusal)
        finally:
            for task in (answers, requests):
                task.cancel()
            await asyncio.gather(answers, requests, return_exceptions=True)
            target_writer.close()
            writer.close()

    async def _pass_requests(self, reader: StreamReader, target: StreamWriter) -> Refusal | None:
        """Pass on requests until the client ends the connection. Return the refusal if one may not be passed on."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            while True:
                async with asyncio.timeout(_PATIENCE):
                    try:
                        head = await reader.readuntil(b"\r\n\r\n")
                    except asyncio.LimitOverrunError:
                        return Refusal(
                            status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, text="the headers are too long"
                        )
                if not _HEAD.fullmatch(head):
                    return Refusal(status=HTTPStatus.BAD_REQUEST, text="the headers are not those of HTTP/1.1")
                method, path, headers = _parsed(head)
                if refusal := self._guard.refusal(method, path, headers):
                    return refusal
                length = headers.get("content-length", "0")
                if "transfer-encoding" in headers or not _LENGTH.fullmatch(length):
                    return Refusal(status=HTTPStatus.LENGTH_REQUIRED, text="DynamoDB's clients send a Content-Length")
                target.write(_CREDENTIAL.sub(self._credential, head))
                await target.drain()
                await _pass_body(reader, target, int(length))
        return None


async def _pass_body(reader: StreamReader, target: StreamWriter, length: int) -> None:
    while length:
        async with asyncio.timeout(_PATIENCE):
            chunk = await reader.read(min(length, _CHUNK))
        if not chunk:
            raise asyncio.IncompleteReadError(b"", length)
        length -= len(chunk)
        target.write(chunk)
        await target.drain()


async def _pass_answers(target: StreamReader, writer: StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await target.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()


def _parsed(head: bytes) -> tuple[str, str, dict[str, str]]:
    """Return method, path and headers of a request, with the headers' names in lower case.

    Of a header that comes twice, as no browser sends it, the values are joined, so that the guard sees both.
    """
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, _, rest = first.partition(" ")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return method, rest.partition(" ")[0], headers


def _answer(writer: StreamWriter, refusal: Refusal) -> None:
    """Answer a request that is not passed on. The connection ends then."""
    body = refusal.text.encode()
    status = f"HTTP/1.1 {refusal.status.value} {refusal.status.phrase}"
    headers = f"Content-Type: text/plain\r\nConnection: close\r\nContent-Length: {len(body)}"
    writer.write(f"{status}\r\n{headers}\r\n\r\n".encode() + body)


async def _run(options: argparse.Namespace) -> None:
    proxy = DynamoDbProxy(
        target=options.target,
        guard=BrowserGuard(addresses=options.addresses),
        access_key=options.key_file.read_text(),
    )
    server = await asyncio.start_server(
        proxy.serve, options.addresses, options.port, limit=_HEAD_LIMIT, reuse_address=True
    )
    await server.serve_forever()


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--target", type=int, required=True)
    parser.add_argument("--key-file", type=Path, required=True)
    parser.add_argument("--addresses", nargs="+", required=True)
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    _main()
