"""Proxy of an edge, between a client and a server that answers each line: what each fault does to a connection."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from samrun.testing.processes import free_port
from tools.chaos.edge_proxy import EdgeProxy
from tools.chaos.http_exchange import HttpExchange, HttpTap

SILENCE = 0.2  # seconds
REQUEST, ANSWER = b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@dataclass(kw_only=True)
class ProxyScene:
    """A server, a proxy before it, and what they have seen."""

    proxy: EdgeProxy
    requests: list[bytes] = field(default_factory=list)
    reported: list[bool] = field(default_factory=list)
    clients: list["Client"] = field(default_factory=list)

    async def client(self) -> "Client":
        self.clients.append(client := Client(*await asyncio.open_connection("127.0.0.1", self.proxy.port)))
        return client


@dataclass(frozen=True)
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self) -> bytes:
        """Return the answer, nothing if the connection ended, or "silence" if nothing comes."""
        self.writer.write(REQUEST)
        return await self.listen()

    async def listen(self) -> bytes:
        try:
            return await asyncio.wait_for(self.reader.read(1000), SILENCE)
        except TimeoutError:
            return b"silence"
        except ConnectionResetError:
            return b"reset"


@asynccontextmanager
async def scene() -> AsyncIterator[ProxyScene]:
    port = free_port()
    seen = ProxyScene(proxy=EdgeProxy(name="edge", port=free_port(), target_port=port, tap=HttpTap))

    def report(_: HttpExchange, told: bool) -> None:
        seen.reported.append(told)

    seen.proxy.report = report

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                seen.requests.append(request)
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", port):
        await seen.proxy.start()
        try:
            yield seen
        finally:
            await seen.proxy.close()
            for client in seen.clients:
                client.writer.close()
            await asyncio.sleep(0.01)  # the connections end


def run(test: Callable[[ProxyScene], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with scene() as seen:
            await test(seen)

    asyncio.run(whole())


def test_proxy_passes_requests_and_answers_and_reports_them() -> None:
    async def body(seen: ProxyScene) -> None:
        client = await seen.client()
        assert await client.ask() == ANSWER
        assert await client.ask() == ANSWER
        assert seen.reported == [True, True]

    run(body)


def test_reset_ends_connections_and_accepts_new_ones() -> None:
    async def body(seen: ProxyScene) -> None:
        client = await seen.client()
        await client.ask()
        seen.proxy.reset()
        assert await client.listen() in {b"reset", b""}
        assert await (await seen.client()).ask() == ANSWER

    run(body)


def test_silent_connection_stays_open_and_passes_nothing_even_after_healing() -> None:
    async def body(seen: ProxyScene) -> None:
        client = await seen.client()
        await client.ask()
        seen.proxy.silence()
        assert await client.ask() == b"silence"
        seen.proxy.heal()
        assert await client.ask() == b"silence"
        assert len(seen.requests) == 1
        assert await (await seen.client()).ask() == ANSWER

    run(body)


def test_swallowed_answer_was_served_and_is_reported_as_not_told() -> None:
    async def body(seen: ProxyScene) -> None:
        client = await seen.client()
        seen.proxy.swallow(True)
        assert await client.ask() == b"silence"
        assert len(seen.requests) == 1
        assert seen.reported == [False]
        assert seen.proxy.lost_answers == 1
        seen.proxy.heal()
        assert await client.listen() == b"silence"

    run(body)


def test_cut_off_service_accepts_connections_on_which_nothing_passes() -> None:
    async def body(seen: ProxyScene) -> None:
        before = await seen.client()
        seen.proxy.cut_off(True)
        during = await seen.client()
        assert await before.ask() == await during.ask() == b"silence"
        assert seen.requests == []
        seen.proxy.heal()
        assert await (await seen.client()).ask() == ANSWER

    run(body)


def test_delayed_answer_comes_later_and_one_that_nobody_waits_for_is_not_told() -> None:
    async def body(seen: ProxyScene) -> None:
        seen.proxy.delay(SILENCE / 2)
        patient, hasty = await seen.client(), await seen.client()
        began = asyncio.get_running_loop().time()
        assert await patient.ask() == ANSWER
        assert asyncio.get_running_loop().time() - began >= SILENCE / 2
        hasty.writer.write(REQUEST)
        await hasty.writer.drain()
        await asyncio.sleep(SILENCE / 4)
        hasty.writer.close()
        await asyncio.sleep(SILENCE)
        assert seen.reported == [True, False]

    run(body)


@pytest.mark.parametrize("accepts", [False, True])
def test_service_that_is_not_to_be_seen_ends_connections_at_once(*, accepts: bool) -> None:
    async def body(seen: ProxyScene) -> None:
        seen.proxy.accept(accepts)
        client = await seen.client()
        assert (await client.ask() == ANSWER) is accepts

    run(body)
