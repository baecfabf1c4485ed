"""The server in our own process."""

import asyncio

import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from samrun.supervision import ports, server
from samrun.supervision.server import header_names, serving


async def _return_header_names(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse(header_names(scope))(scope, receive, send)


async def _exchange(request: bytes) -> bytes:
    """Return the server's answers to the bytes of a request."""
    listener = ports.listen("test", 0)
    async with serving(_return_header_names, listener):
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(request)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer


def test_names_of_headers_are_kept_as_the_client_wrote_them() -> None:
    first = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Mixed-CASE: 1\r\nx-lower: 2\r\n\r\n"
    second = b"GET / HTTP/1.1\r\nhost: localhost\r\nConnection: close\r\n\r\n"
    answer = asyncio.run(_exchange(first + second))
    assert b'["Host","X-Mixed-CASE","x-lower"]' in answer
    assert b'["host","Connection"]' in answer


@pytest.mark.parametrize("scope", [{"headers": [(b"x-a", b"1")]}, {"headers": [(b"x-a", b"1")], "state": {}}])
def test_names_of_headers_of_another_server_are_in_lower_case(scope: Scope) -> None:
    assert header_names(scope) == ["x-a"]


_HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\n"


async def _read_and_wait(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body, and answer after more than the server's patience."""
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(server._PATIENCE + 0.2)
    await JSONResponse("done")(scope, receive, send)


async def _answer_to_slow_client(*pieces: bytes, pause: float) -> bytes:
    listener = ports.listen("test", 0)
    async with serving(_read_and_wait, listener):
        reader, writer = await asyncio.open_connection(*listener.getsockname())

        async def send() -> None:
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(pause)

        client = asyncio.create_task(send())
        try:
            return await asyncio.wait_for(reader.read(), 20)
        finally:
            client.cancel()
            writer.close()


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [_HEAD],
        [_HEAD, *[b"X-Slow: 1\r\n"] * 50],
        [_HEAD + b"Content-Length: 10\r\n\r\n", b"12345"],
    ],
    ids=["silent", "no end of the head", "a header now and then", "half a body"],
)
def test_a_connection_that_stands_still_is_closed(pieces: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_PATIENCE", 0.2)
    assert asyncio.run(_answer_to_slow_client(*pieces, pause=0.1)) == b""


def test_a_slow_body_and_a_slow_answer_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_PATIENCE", 3.0)
    head = _HEAD + b"Connection: close\r\nContent-Length: 5\r\n\r\n"
    assert asyncio.run(_answer_to_slow_client(head, *[b"x"] * 5, pause=0.25)).endswith(b'"done"')


async def _ask_twice(*, pause: float, idle: int) -> tuple[bytes, bytes]:
    """Return the answers to two requests on one connection, with a pause between them."""
    listener = ports.listen("test", 0)
    async with serving(_return_header_names, listener, idle=idle):
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        answers = []
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answers.append(await reader.readuntil(b'["Host"]') if not reader.at_eof() else b"")
            await asyncio.sleep(pause)
        writer.close()
        return answers[0], answers[1]


@pytest.mark.parametrize(("idle", "count"), [(1, 1), (30, 2)])
def test_connection_without_a_request_is_closed_after_its_time(idle: int, count: int) -> None:
    answers = asyncio.run(_ask_twice(pause=1.5, idle=idle))
    assert len([each for each in answers if each]) == count


def test_body_of_a_refused_request_is_no_request() -> None:
    smuggled = b"POST /smuggled HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example.com\r\n"
    length = b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(smuggled)
    answer = asyncio.run(_exchange(head + length + smuggled))
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.split()[1] == b"403"
