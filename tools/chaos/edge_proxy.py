"""Proxy on one edge of the stack: between clients and a service, it resets, delays and silences connections."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from tools.chaos.http_exchange import HttpExchange

_CHUNK = 64 * 1024
_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER without time: the connection ends with a reset


class Tap(Protocol):
    """Reader of the bytes of one connection."""

    def requested(self, data: bytes) -> None:
        """Read bytes of requests."""

    def answered(self, data: bytes) -> Iterable[HttpExchange]:
        """Read bytes of answers; return the exchanges that they complete."""
        ...


@dataclass(eq=False)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    is_silent: bool = False


@dataclass(kw_only=True)
class EdgeProxy:
    """Proxy that listens on `port` and passes everything on to `target_port`, both of this machine.

    Every method is called in the thread of its event loop. `report` gets each exchange that was answered, after its
    answer was passed on, or was not.
    """

    name: str
    port: int
    target_port: int
    tap: Callable[[], Tap] | None = None
    report: Callable[[HttpExchange, bool], None] = lambda _, __: None
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
        connection = _Connection(to_client, is_silent=self._is_cut_off)
        self._connections.add(connection)
        try:
            if not self._accepts:
                return
            try:
                from_server, connection.server = await asyncio.open_connection("127.0.0.1", self.target_port)
            except OSError:
                return
            tap = self.tap() if self.tap else None
            pumps = [
                asyncio.ensure_future(self._pass_requests(connection, from_client, connection.server, tap)),
                asyncio.ensure_future(self._pass_answers(connection, from_server, tap)),
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

    async def _pass_requests(
        self,
        connection: _Connection,
        from_client: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
        tap: Tap | None,
    ) -> None:
        while data := await from_client.read(_CHUNK):
            if connection.is_silent:
                continue
            if tap:
                tap.requested(data)
            to_server.write(data)
            await to_server.drain()

    async def _pass_answers(self, connection: _Connection, from_server: asyncio.StreamReader, tap: Tap | None) -> None:
        pending: list[HttpExchange] = []
        try:
            while data := await from_server.read(_CHUNK):
                pending += tap.answered(data) if tap else ()
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
                    self.report(pending.pop(0), told)
            if connection.is_silent:
                # The end of the service does not get through either.
                await asyncio.Event().wait()
        finally:
            for exchange in pending:
                self.report(exchange, False)
