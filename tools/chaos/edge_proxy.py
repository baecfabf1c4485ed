"""Proxy on one edge of the stack: between clients and a service, it resets, delays and silences connections."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from tools.chaos.history import now
from tools.chaos.http_exchange import HttpExchange
from tools.chaos.source_address import process_of

_CHUNK = 64 * 1024
_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER without time: the connection ends with a reset
# Of tcp_info (linux/tcp.h): its size so far, and where it has the milliseconds since data came.
_TCP_INFO_SIZE, _LAST_DATA_RECEIVED = 104, 52


class Tap(Protocol):
    """Reader of the bytes of one connection. `unanswered` are the exchanges that have no answer so far."""

    @property
    def unanswered(self) -> Collection[HttpExchange]: ...

    def requested(self, data: bytes, *, at: float, asked: bool) -> None:
        """Read bytes of requests, which came `at` that time. `asked`: they go on to the service."""

    def answered(self, data: bytes) -> Iterable[HttpExchange]:
        """Read bytes of answers; return the exchanges that they complete."""
        ...


@dataclass(eq=False)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    tap: Tap | None = None
    process: int = 0
    is_silent: bool = False


@dataclass(kw_only=True)
class EdgeProxy:
    """Proxy that listens on `port` and passes everything on to `target_port`, both of this machine.

    Every method is called in the thread of its event loop. With a `tap`, `report` gets each exchange, after its answer
    was passed on or was lost, and `connected` each process that connects from an address of its own.
    """

    name: str
    port: int
    target_port: int
    tap: Callable[[], Tap] | None = None
    report: Callable[[HttpExchange], None] = lambda _: None
    connected: Callable[[int], None] = lambda _: None
    lost_answers: int = 0
    _delay: float = 0.0
    _swallows: bool = False
    _accepts: bool = True
    _is_cut_off: bool = False
    _connections: set[_Connection] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def close(self) -> None:
        """Listen no more, and end all connections."""
        if self._server:
            self._server.close()
        self.reset()

    def reset(self) -> None:
        """End every connection with a reset."""
        for connection in list(self._connections):
            self._abort(connection)

    def silence(self) -> None:
        """Make every connection half-open: nothing more passes on it, and neither end is told."""
        for connection in self._connections:
            connection.is_silent = True

    def delay(self, seconds: float) -> None:
        """Hold each answer for so long."""
        self._delay = seconds

    def swallow(self, swallows: bool) -> None:
        """Pass on requests and no answers. A connection that lost an answer stays silent."""
        self._swallows = swallows

    def cut_off(self, is_cut_off: bool) -> None:
        """Accept connections on which nothing passes, as if every packet were lost."""
        self._is_cut_off = is_cut_off
        if is_cut_off:
            self.silence()

    def accept(self, accepts: bool) -> None:
        """End new connections with a reset, as long as the service behind the edge is not to be seen."""
        self._accepts = accepts
        if not accepts:
            self.reset()

    def heal(self) -> None:
        """Disturb no more. Connections that are silent stay so: it is for their clients to give them up."""
        self._delay, self._swallows, self._is_cut_off = 0.0, False, False

    def _abort(self, connection: _Connection) -> None:
        for writer in (connection.client, connection.server):
            if writer is not None:
                with contextlib.suppress(OSError):
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
                writer.transport.abort()

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        process = process_of(to_client.get_extra_info("peername")[0])
        connection = _Connection(to_client, process=process, is_silent=self._is_cut_off)
        self._connections.add(connection)
        if self.tap:
            connection.tap = self.tap()
            if connection.process:
                self.connected(connection.process)
        try:
            from_server = await self._connect(connection)
            if from_server is None:
                await self._hear_one_request(connection, from_client)
                return
            pumps = [
                asyncio.ensure_future(self._pass_requests(connection, from_client)),
                asyncio.ensure_future(self._pass_answers(connection, from_server)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            self._connections.discard(connection)
            self._abort(connection)
            for exchange in connection.tap.unanswered if connection.tap else ():
                self._report(connection, exchange, told=False)

    async def _connect(self, connection: _Connection) -> asyncio.StreamReader | None:
        """Connect to the service; None if it is not to be seen."""
        if not self._accepts:
            return None
        try:
            reader, connection.server = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            return None
        return reader

    def _report(self, connection: _Connection, exchange: HttpExchange, *, told: bool) -> None:
        self.report(replace(exchange, ended=now(), told=told, client=connection.process))

    async def _hear_one_request(self, connection: _Connection, from_client: asyncio.StreamReader) -> None:
        """Read what a client asks that cannot be asked: it is reported before the connection ends."""
        if tap := connection.tap:
            with contextlib.suppress(OSError):
                while not tap.unanswered and (data := await from_client.read(_CHUNK)):
                    tap.requested(data, at=_came_at(connection.client), asked=False)

    async def _pass_requests(self, connection: _Connection, from_client: asyncio.StreamReader) -> None:
        while data := await from_client.read(_CHUNK):
            asked = not connection.is_silent
            if connection.tap:
                connection.tap.requested(data, at=_came_at(connection.client), asked=asked)
            if asked and connection.server:
                connection.server.write(data)
                await connection.server.drain()

    async def _pass_answers(self, connection: _Connection, from_server: asyncio.StreamReader) -> None:
        pending: list[HttpExchange] = []
        try:
            while data := await from_server.read(_CHUNK):
                pending += connection.tap.answered(data) if connection.tap else ()
                if self._swallows and not connection.is_silent:
                    connection.is_silent = True
                    self.lost_answers += 1
                if not connection.is_silent and self._delay:
                    await asyncio.sleep(self._delay)
                if not connection.is_silent:
                    connection.client.write(data)
                    await connection.client.drain()
                told = not connection.is_silent
                while pending:
                    self._report(connection, pending.pop(0), told=told)
            if connection.is_silent:
                # The end of the service does not get through either.
                await asyncio.Event().wait()
        finally:
            for exchange in pending:
                self._report(connection, exchange, told=False)


def _came_at(client: asyncio.StreamWriter) -> float:
    """Return when the last bytes of a client came. A busy proxy reads them later, but the client waits from then on."""
    with contextlib.suppress(OSError):  # its connection has ended meanwhile
        info = client.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_SIZE)
        milliseconds: int = struct.unpack_from("I", info, _LAST_DATA_RECEIVED)[0]
        return now() - milliseconds / 1000
    return now()
