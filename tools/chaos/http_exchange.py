"""Exchanges of HTTP/1.1, read from the bytes of one connection."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

_LENGTH = re.compile(rb"(?im)^content-length:\s*(\d+)")
_CHUNKED = re.compile(rb"(?im)^transfer-encoding:\s*chunked")
_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, kw_only=True)
class HttpMessage:
    """A request or an answer: its first line, its headers as bytes, and its body."""

    start: str
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """Return the value of a header, or an empty text."""
        found = re.search(rb"(?im)^" + name.encode() + rb":[ \t]*([^\r\n]*)", self.head)
        return found[1].decode("latin-1") if found else ""


@dataclass(frozen=True, kw_only=True)
class HttpExchange:
    """A request, and the service's answer; None if the connection ended before it.

    `began` is when the request came, and `ended` when its answer was passed on, or was lost. `asked`: the request
    went on to the service. `told`: the answer went on to the client. `client` is the environment's process, or 0.
    """

    began: float
    request: HttpMessage
    answer: HttpMessage | None = None
    ended: float = 0.0
    asked: bool = True
    told: bool = False
    client: int = 0

    @property
    def status(self) -> int | None:
        """Status of the answer."""
        return int(self.answer.start.split(" ")[1]) if self.answer else None


@dataclass
class HttpReader:
    """Reader of messages that follow each other."""

    _buffer: bytearray = field(default_factory=bytearray)

    def read(self, data: bytes) -> Iterator[HttpMessage]:
        """Yield the messages that `data` completes."""
        self._buffer += data
        while message := self._next():
            yield message

    def _next(self) -> HttpMessage | None:
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return None
        head = bytes(self._buffer[: end + 2])
        begin = end + len(_HEAD_END)
        if _CHUNKED.search(head):
            body, stop = _chunked_body(self._buffer, begin)
        else:
            found = _LENGTH.search(head)
            stop = begin + (int(found[1]) if found else 0)
            body = bytes(self._buffer[begin:stop])
        if stop < 0 or len(self._buffer) < stop:
            return None
        del self._buffer[:stop]
        return HttpMessage(start=head.split(b"\r\n", 1)[0].decode("latin-1"), head=head, body=body)


def _chunked_body(buffer: bytearray, position: int) -> tuple[bytes, int]:
    """Return the body and where it ends; -1 while its end is missing."""
    body = bytearray()
    while (line_end := buffer.find(b"\r\n", position)) >= 0:
        size = int(bytes(buffer[position:line_end]).split(b";")[0], 16)
        begin, position = line_end + 2, line_end + 2 + size + 2
        if len(buffer) < position:
            break
        if size == 0:
            return bytes(body), position
        body += buffer[begin : begin + size]
    return b"", -1


@dataclass
class HttpTap:
    """Reader of one connection: it matches answers with their requests, which are answered in their order.

    `unanswered` are the exchanges that have no answer so far.
    """

    _requests: HttpReader = field(default_factory=HttpReader)
    _answers: HttpReader = field(default_factory=HttpReader)
    unanswered: deque[HttpExchange] = field(default_factory=deque)

    def requested(self, data: bytes, *, at: float, asked: bool) -> None:
        """Read bytes of requests, which came `at` that time. `asked`: they go on to the service."""
        self.unanswered.extend(
            HttpExchange(began=at, request=request, asked=asked) for request in self._requests.read(data)
        )

    def answered(self, data: bytes) -> list[HttpExchange]:
        """Read bytes of answers; return the exchanges that they complete."""
        exchanges = []
        for answer in self._answers.read(data):
            if answer.start.split(" ")[1].startswith("1"):  # 100 Continue
                continue
            exchanges.append(replace(self.unanswered.popleft(), answer=answer))
        return exchanges
