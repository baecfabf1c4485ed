"""Pipe with what a process prints. Its reader can wait until it has read everything that was printed so far."""

import asyncio
import os
import re
import select
import uuid
from collections.abc import AsyncIterator, Iterator

# Bytes.
_CHUNK = 64 * 1024
_LINE_LIMIT = 1024 * 1024

_MARK = "\0samrun {name}\0"
_MARKS = re.compile(rb"\0samrun ([0-9a-f]{32})\0")
_MARK_LENGTH = len(_MARK.format(name="0" * 32))


class LogPipe:
    """Pipe whose `writer` is the standard output of a process. `close` ends the lines, once the process has ended.

    What is written to a pipe arrives in order. So this process writes a mark to it, too, and everything before the
    mark was printed earlier. It writes none if the pipe is empty and the reader has yielded all that it read.
    """

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        self._open = True
        self._has_yielded_all = False
        self._writing = asyncio.Lock()
        self._markers: dict[bytes, asyncio.Future[None]] = {}

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield each line, without its end. Of a line over 1 MB, yield a part."""
        rest = b""
        try:
            while chunk := await self._read(has_yielded_all=not rest):
                *marked, unmarked = _MARKS.split(rest + chunk)
                for text, name in zip(marked[::2], marked[1::2], strict=True):
                    for line in _lines(text):
                        yield line
                    self._reach(name)
                *complete, rest = unmarked.split(b"\n")
                for line in complete:
                    yield line
                if len(rest) > _LINE_LIMIT:
                    rest = rest[-_MARK_LENGTH:]
            for line in _lines(rest):
                yield line
        finally:
            os.close(self._reader)
            for waiting in self._markers.values():
                waiting.cancel()

    async def flush(self) -> None:
        """Wait until `lines` has yielded everything that was printed so far, also a line without an end."""
        if self._has_yielded_all and not self._holds_bytes():
            return
        name = uuid.uuid4().hex
        reached = self._markers[name.encode()] = asyncio.get_running_loop().create_future()
        async with self._writing:
            if not self._open:
                return
            # In a thread: at a full pipe the writer waits until this event loop has read from it.
            await asyncio.to_thread(os.write, self.writer, _MARK.format(name=name).encode())
        await asyncio.wait([reached])

    async def close(self) -> None:
        """End the lines, as soon as every other writer has ended."""
        async with self._writing:
            if self._open:
                self._open = False
                os.close(self.writer)

    async def discard(self) -> None:
        """Close a pipe that no process got, and whose lines nobody reads."""
        os.close(self._reader)
        await self.close()

    async def _read(self, *, has_yielded_all: bool) -> bytes:
        """Return the next bytes; none once every writer has ended."""
        loop, readable = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._reader, readable.set)
        self._has_yielded_all = has_yielded_all
        try:
            await readable.wait()
        finally:
            self._has_yielded_all = False
            loop.remove_reader(self._reader)
        return os.read(self._reader, _CHUNK)

    def _holds_bytes(self) -> bool:
        """Tell whether the pipe has bytes that were not read, or has no writer any more."""
        look = select.poll()
        look.register(self._reader, select.POLLIN)
        return bool(look.poll(0))

    def _reach(self, name: bytes) -> None:
        reached = self._markers.pop(name, None)
        if reached is not None and not reached.done():
            reached.set_result(None)


def _lines(text: bytes) -> Iterator[bytes]:
    *complete, rest = text.split(b"\n")
    yield from complete
    if rest:
        yield rest
