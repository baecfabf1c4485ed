"""A stand-in for SES that does what moto cannot: be slow, throttle, fail, lose answers, be away."""

import base64
import json
import socket
import sys
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An error in the form in which SES answers it."""

    code: str
    status: int = 400
    message: str = ""


class Outage(Enum):
    """The ways in which SES takes no mail although something listens on its port.

    `Server.stop` is for the case that nothing listens.
    """

    HANGS = auto()
    """It takes requests and never answers."""
    HANGS_UP = auto()
    """It takes connections and closes them at once."""
    ANSWERS_500 = auto()
    """It answers so, with a page for people."""
    ANSWERS_503 = auto()


_PAGES = {Outage.ANSWERS_500: 500, Outage.ANSWERS_503: 503}


class Taken(NamedTuple):
    """A mail that was taken, by the clock time.monotonic; `notification_id` is of its tags."""

    at: float
    address: str
    notification_id: str


@dataclass
class Ses:
    """Behaviour of the fake, which a test changes, and its records: `sent` counts the accepted mails to each address.

    `latency` is in seconds; `per_second`: more than that many in a second are refused; `refuse` says which error a
    mail to an address gets, if any; with `loses_answers`, it takes a mail and hangs up. `asked` counts the attempts,
    those of an outage too; `max_in_hand` is the highest number of mails that it had in hand at a time.

    Two moments at which a test can kill the sender, each called with the connection: `before_mail`, when one is about
    to come (true: it is not read), and `before_answer`, when it has a mail to an address.
    """

    latency: float = 0.0
    per_second: int | None = None
    refuse: Callable[[str], Refusal | None] = lambda _: None
    loses_answers: Callable[[str], bool] = lambda _: False
    outage: Outage | None = None
    before_mail: Callable[[socket.socket], bool] = lambda _: False
    before_answer: Callable[[str, socket.socket], None] = lambda *_: None
    asked: int = 0
    max_in_hand: int = 0
    taken: list[Taken] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    _in_hand: int = 0
    _moments: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, request: dict[str, Any]) -> Refusal | None:
        """Take a mail, or return the refusal."""
        [address] = request["Destination"]["ToAddresses"]
        assert base64.b64decode(request["Content"]["Raw"]["Data"])
        with self._lock:
            self._in_hand += 1
            self.max_in_hand = max(self.max_in_hand, self._in_hand)
        if self.latency:
            time.sleep(self.latency)
        with self._lock:
            self._in_hand -= 1
            refusal = self._too_many() or self.refuse(address)
            if refusal:
                self.refused[refusal.code] += 1
            else:
                self.sent[address] += 1
                self.taken.append(Taken(time.monotonic(), address, _notification_id(request)))
            return refusal

    @property
    def notifications(self) -> dict[str, list[str]]:
        """The notifications that the mails were, by address and in their order: the ledger's ids."""
        with self._lock:
            notifications: defaultdict[str, list[str]] = defaultdict(list)
            for taken in self.taken:
                notifications[taken.address].append(taken.notification_id)
            return notifications

    def count_try(self) -> None:
        """Count a request of a client."""
        with self._lock:
            self.asked += 1

    def _too_many(self) -> Refusal | None:
        if self.per_second is None:
            return None
        now = time.monotonic()
        while self._moments and self._moments[0] <= now - 1:
            self._moments.popleft()
        if len(self._moments) >= self.per_second:
            return Refusal(code="TooManyRequestsException", status=429, message="Maximum sending rate exceeded.")
        self._moments.append(now)
        return None


def _notification_id(request: dict[str, Any]) -> str:
    [value] = [tag["Value"] for tag in request["EmailTags"] if tag["Name"] == "notification_id"]
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()


class Server:
    """Serves a stand-in at `url`, on a free port of this machine: the same after each `start`.

    A context manager: it serves until that is left.
    """

    def __init__(self, ses: Ses) -> None:
        self._ses = ses
        self._port = 0
        self._serving: _Listener | None = None
        self.start()
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen, again or for the first time."""
        assert self._serving is None, "it serves already"
        self._serving = _Listener(self._ses, self._port)
        self._port = self._serving.server_address[1]

    def stop(self) -> None:
        """Close all connections, and have new ones refused."""
        if self._serving:
            self._serving.stop()
            self._serving = None


@contextmanager
def serving(ses: Ses) -> Iterator[str]:
    """Serve it on a free port of this machine, and give its URL."""
    with Server(ses) as server:
        yield server.url


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512  # who finds it full has a connection that nobody reads from

    def __init__(self, ses: Ses, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.ses = ses
        self._connections: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing about a client that died or gave up waiting. Print all other errors."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()
        for connection in self._connections.copy():
            with suppress(OSError):  # the client has closed it
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece: in two, the client's delayed acknowledgement adds 40 ms

    def handle(self) -> None:
        if self.server.ses.outage is Outage.HANGS_UP:
            self.server.ses.count_try()
        else:
            super().handle()

    def do_POST(self) -> None:
        ses = self.server.ses
        ses.count_try()
        if ses.before_mail(self.connection):
            self.close_connection = True
            return
        request = json.loads(self._body())
        match ses.outage:
            case Outage.ANSWERS_500 | Outage.ANSWERS_503 as outage:
                self._answer(_PAGES[outage], b"<html><body><h1>Not now</h1></body></html>", "text/html")
            case Outage.HANGS | Outage.HANGS_UP:
                while ses.outage is Outage.HANGS:
                    time.sleep(0.05)
                self.close_connection = True
            case None:
                self._take(ses, request)

    def _take(self, ses: Ses, request: dict[str, Any]) -> None:
        refusal = ses.take(request)
        [address] = request["Destination"]["ToAddresses"]
        if refusal is None:
            ses.before_answer(address, self.connection)
        if refusal:
            content = json.dumps({"message": refusal.message}).encode()
            self._answer(refusal.status, content, "application/json", **{"x-amzn-errortype": refusal.code})
        elif ses.loses_answers(address):
            self.close_connection = True
        else:
            content = json.dumps({"MessageId": f"mail-{time.monotonic_ns()}"}).encode()
            self._answer(200, content, "application/json")

    def _body(self) -> bytes:
        """Return it. Raises ConnectionResetError if its sender died in the middle of it."""
        length = int(self.headers["content-length"])
        content = self.rfile.read(length)
        if len(content) < length:
            raise ConnectionResetError
        return content

    def _answer(self, status: int, content: bytes, content_type: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-type": content_type, "content-length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""
