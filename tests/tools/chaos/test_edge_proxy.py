"""Proxy of an edge, between a client and a server that answers each line: what each fault does to a connection."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from samrun.testing.processes import free_port
from tools.chaos.edge_proxy import EdgeProxy
from tools.chaos.http_exchange import HttpExchange, HttpTap

SILENCE, PATIENCE = 0.2, 30.0  # seconds: what counts as silence, and how long an answer may take
REQUEST, ANSWER = b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@dataclass(kw_only=True)
class ProxyScene:
    """A server, a proxy before it, and what they have seen."""

    proxy: EdgeProxy
    requests: list[bytes] = field(default_factory=list)
    exchanges: list[HttpExchange] = field(default_factory=list)
    processes: list[int] = field(default_factory=list)
    clients: list["Client"] = field(default_factory=list)

    @property
    def reported(self) -> list[bool]:
        return [each.told for each in self.exchanges]

    async def client(self, address: str | None = None) -> "Client":
        source = (address, 0) if address else None
        connected = await asyncio.open_connection("127.0.0.1", self.proxy.port, local_addr=source)
        self.clients.append(client := Client(*connected))
        return client


@dataclass(frozen=True)
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self) -> bytes:
        """Return the answer, or nothing if the connection ended."""
        self.writer.write(REQUEST)
        return await self.listen()

    async def hears_nothing(self) -> bool:
        """Ask, and tell whether no answer comes and the connection stays."""
        self.writer.write(REQUEST)
        return await self.listen(SILENCE) == b"silence"

    async def listen(self, patience: float = PATIENCE) -> bytes:
        try:
            return await asyncio.wait_for(self.reader.read(1000), patience)
        except TimeoutError:
            return b"silence"
        except ConnectionResetError:
            return b""


@asynccontextmanager
async def scene() -> AsyncIterator[ProxyScene]:
    port = free_port()
    seen = ProxyScene(proxy=EdgeProxy(name="edge", port=free_port(), target_port=port, tap=HttpTap))

    seen.proxy.report = seen.exchanges.append
    seen.proxy.connected = seen.processes.append

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


async def until(look: Callable[[], bool]) -> None:
    while not look():  # noqa: ASYNC110 - what happens elsewhere sets no event
        await asyncio.sleep(0.01)


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


def test_exchange_names_the_process_of_the_address_that_asked() -> None:
    async def body(seen: ProxyScene) -> None:
        await (await seen.client("127.64.1.2")).ask()
        await (await seen.client()).ask()
        assert [each.client for each in seen.exchanges] == [258, 0]
        assert seen.processes == [258]

    run(body)


def test_reset_ends_connections_and_accepts_new_ones() -> None:
    async def body(seen: ProxyScene) -> None:
        client = await seen.client()
        await client.ask()
        seen.proxy.reset()
        assert await client.listen() == b""
        assert await (await seen.client()).ask() == ANSWER

    run(body)


def test_silent_connection_stays_open_and_passes_nothing_even_after_healing() -> None:
    async def body(seen: ProxyScene) -> None:
        client = await seen.client()
        await client.ask()
        seen.proxy.silence()
        assert await client.hears_nothing()
        seen.proxy.heal()
        assert await client.hears_nothing()
        assert len(seen.requests) == 1
        assert await (await seen.client()).ask() == ANSWER

    run(body)


def test_swallowed_answer_was_served_and_is_reported_as_not_told() -> None:
    async def body(seen: ProxyScene) -> None:
        client = await seen.client()
        seen.proxy.swallow(True)
        assert await client.hears_nothing()
        assert len(seen.requests) == 1
        assert seen.reported == [False]
        assert seen.proxy.lost_answers == 1
        seen.proxy.heal()
        assert await client.listen(SILENCE) == b"silence"

    run(body)


def test_cut_off_service_accepts_connections_on_which_nothing_passes() -> None:
    async def body(seen: ProxyScene) -> None:
        before = await seen.client()
        seen.proxy.cut_off(True)
        during = await seen.client()
        assert await before.hears_nothing()
        assert await during.hears_nothing()
        assert seen.requests == []
        seen.proxy.heal()
        assert await (await seen.client()).ask() == ANSWER

    run(body)


def test_delayed_answer_comes_later_and_one_that_nobody_waits_for_is_not_told() -> None:
    async def body(seen: ProxyScene) -> None:
        patient, hasty = await seen.client(), await seen.client()
        seen.proxy.delay(SILENCE)
        began = asyncio.get_running_loop().time()
        assert await patient.ask() == ANSWER
        assert asyncio.get_running_loop().time() - began >= SILENCE
        seen.proxy.delay(PATIENCE)
        hasty.writer.write(REQUEST)
        await until(lambda: len(seen.requests) == 2)
        hasty.writer.close()
        await until(lambda: len(seen.reported) == 2)
        assert seen.reported == [True, False]

    run(body)


@pytest.mark.parametrize("accepts", [False, True])
def test_service_that_is_not_to_be_seen_ends_connections_at_once(*, accepts: bool) -> None:
    async def body(seen: ProxyScene) -> None:
        seen.proxy.accept(accepts)
        client = await seen.client()
        assert (await client.ask() == ANSWER) is accepts

    run(body)


@pytest.mark.parametrize("disturb", [lambda proxy: proxy.silence(), lambda proxy: proxy.cut_off(True)])
def test_request_that_did_not_get_through_is_reported_when_its_connection_ends(
    disturb: Callable[[EdgeProxy], None],
) -> None:
    async def body(seen: ProxyScene) -> None:
        client = await seen.client()
        await until(lambda: bool(seen.proxy._connections))
        disturb(seen.proxy)
        client.writer.write(REQUEST)
        await client.writer.drain()
        client.writer.close()
        await until(lambda: bool(seen.exchanges))
        [exchange] = seen.exchanges
        assert (exchange.asked, exchange.answer, exchange.told) == (False, None, False)
        assert seen.requests == []

    run(body)


def test_request_to_a_service_that_is_not_to_be_seen_is_reported() -> None:
    async def body(seen: ProxyScene) -> None:
        seen.proxy.accept(False)
        await (await seen.client()).ask()
        await until(lambda: bool(seen.exchanges))
        [exchange] = seen.exchanges
        assert (exchange.asked, exchange.answer, exchange.told) == (False, None, False)

    run(body)


def test_request_began_when_it_came_and_not_when_a_busy_proxy_read_it() -> None:
    async def body(seen: ProxyScene) -> None:
        client = await seen.client()
        await until(lambda: bool(seen.proxy._connections))
        client.writer.write(REQUEST)  # it goes out at once
        sent = time.time()
        time.sleep(SILENCE)  # noqa: ASYNC251 - the proxy's loop is busy
        assert await client.listen() == ANSWER
        [exchange] = seen.exchanges
        assert exchange.began < sent + SILENCE / 2
        assert exchange.ended >= sent + SILENCE

    run(body)
