"""Ports: claimed before a process starts, and listened on when it has started."""

import asyncio
import socket

import pytest

from samrun.supervision.ports import LOOPBACK, PortTakenError, claim, listen, wait_for_port


def test_claim_finds_a_free_port_that_can_be_listened_on() -> None:
    port = claim("api", 0)
    assert claim("api", port) == port
    with listen("api", port) as listener:
        assert listener.getsockname() == (LOOPBACK, port)
        with pytest.raises(PortTakenError):
            claim("api", port)


def test_taken_port_is_an_error_that_says_what_to_do() -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTakenError) as raised:
            claim("console", port)
    message = str(raised.value)
    assert message.startswith(f"Port {port}, for console, is not available: Address already in use.")
    assert "--console-port or CONSOLE_PORT (0: any free one)" in message


def test_port_whose_last_connections_are_closing_is_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        address = server.getsockname()
        with socket.create_connection(address):
            server.accept()[0].close()  # the server closes first, so its end of the connection stays in TIME_WAIT
    assert claim("api", address[1]) == address[1]


def test_wait_for_port_waits_until_the_port_accepts_connections() -> None:
    async def scenario() -> None:
        port = claim("api", 0)
        waiting = asyncio.create_task(wait_for_port(port, pause=0.01))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        server = await asyncio.start_server(lambda _, writer: writer.close(), LOOPBACK, port)
        await asyncio.wait_for(waiting, 10)
        server.close()

    asyncio.run(scenario())
