"""The server in our own process."""

import asyncio

import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from samrun.supervision import ports
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
