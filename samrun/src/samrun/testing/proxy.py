"""A proxy between a client and a plain listener of Kafka: a test has it lose answers, delay them, cut connections."""

import asyncio
import contextlib
import struct
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

from samrun.supervision.ports import LOOPBACK

_PRODUCE = 0  # its API key: https://kafka.apache.org/protocol#protocol_api_keys

_T = TypeVar("_T")


class Proxy:
    """Proxy that listens on `port` and passes everything on to `target_port`, both of this machine.

    `delay`, in seconds, is how long it holds each answer, one after the other; a test may set it at any time. A
    context manager: leaving it cuts all connections, and new ones are refused.
    """

    def __init__(self, *, port: int, target_port: int) -> None:
        self.bootstrap = f"{LOOPBACK}:{port}"
        self.delay = 0.0
        self.swallowed = 0
        self._target_port = target_port
        self._swallows = False
        self._connections: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")
        self._thread.start()
        try:
            self._server = self._run(asyncio.start_server(self._connect, LOOPBACK, port))
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def swallow_acknowledgements(self) -> None:
        """From now on, pass no answer to a Produce request; `swallowed` counts them.

        The broker has stored the records, and the connection stays open without an answer: later answers on it are
        held back too, since a broker answers in order. Other connections work.
        """
        self._swallows = True

    def pass_acknowledgements(self) -> None:
        """Pass all answers again. Connections that miss one stay silent until their client gives them up."""
        self._swallows = False

    def cut(self) -> None:
        """Close every connection that there is now, both ends; new ones are accepted."""
        self._run(self._cut())

    def close(self) -> None:
        """Close every connection, and listen no more."""
        self._run(self._close())
        self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _close(self) -> None:
        # In the loop's thread: while a connection ends there, another thread must not close the server.
        self._server.close()
        await self._cut()
        await self._server.wait_closed()

    async def _cut(self) -> None:
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.ensure_future(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        with contextlib.closing(to_client):
            try:
                from_broker, to_broker = await asyncio.open_connection(LOOPBACK, self._target_port)
            except OSError:
                return  # to the client it looks like a broker that hangs up
            asked: dict[int, int] = {}
            with contextlib.closing(to_broker):
                pumps = [
                    asyncio.ensure_future(_requests(from_client, to_broker, asked)),
                    asyncio.ensure_future(self._answers(from_broker, to_client, asked)),
                ]
                try:
                    await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for pump in pumps:
                        pump.cancel()
                    # The end of either side, whatever its kind, ends both.
                    await asyncio.gather(*pumps, return_exceptions=True)

    async def _answers(
        self, from_broker: asyncio.StreamReader, to_client: asyncio.StreamWriter, asked: dict[int, int]
    ) -> None:
        silent = False
        while True:
            answer = await _frame(from_broker)
            (correlation_id,) = struct.unpack_from(">i", answer, 4)
            if asked.pop(correlation_id) == _PRODUCE and self._swallows:
                self.swallowed += 1
                silent = True
            if not silent:
                await asyncio.sleep(self.delay)
                to_client.write(answer)
                await to_client.drain()


async def _requests(from_client: asyncio.StreamReader, to_broker: asyncio.StreamWriter, asked: dict[int, int]) -> None:
    while True:
        request = await _frame(from_client)
        # https://kafka.apache.org/protocol#protocol_messages: int16 API key, int16 version, int32 correlation id.
        api_key, _, correlation_id = struct.unpack_from(">hhi", request, 4)
        asked[correlation_id] = api_key
        to_broker.write(request)
        await to_broker.drain()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    """Return a request or an answer with the four bytes before it that are its size. Raises IncompleteReadError."""
    size = await reader.readexactly(4)
    return size + await reader.readexactly(int.from_bytes(size))
