"""A stand-in for SES that does what moto cannot: take its time, throttle, fail, lose answers, be away."""

import base64
import json
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An error as SES answers it."""

    code: str
    status: int = 400
    message: str = ""


@dataclass
class Ses:
    """What it does, to be changed at will, and what it took: `sent` counts the mails to each address.

    `told` has the notifications that these mails were, by address and in their order: the ledger's ids.
    `latency` is in seconds; `per_second`: more than that many in a second are refused; `refuse` says which error a
    mail to an address gets, if any; with `loses_answers`, it takes a mail and hangs up.
    """

    latency: float = 0.0
    per_second: int | None = None
    refuse: Callable[[str], Refusal | None] = lambda _: None
    loses_answers: Callable[[str], bool] = lambda _: False
    sent: Counter[str] = field(default_factory=Counter)
    told: dict[str, list[str]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    _moments: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, request: dict[str, Any]) -> Refusal | None:
        """Take a mail, or say why not."""
        [address] = request["Destination"]["ToAddresses"]
        assert base64.b64decode(request["Content"]["Raw"]["Data"])
        if self.latency:
            time.sleep(self.latency)
        with self._lock:
            refusal = self._too_many() or self.refuse(address)
            if refusal:
                self.refused[refusal.code] += 1
            else:
                self.sent[address] += 1
                self.told.setdefault(address, []).append(_tag(request, "notification_id"))
            return refusal

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


def _tag(request: dict[str, Any], name: str) -> str:
    """Return what functions/notify/mailer.py made this tag of."""
    [value] = (tag["Value"] for tag in request["EmailTags"] if tag["Name"] == name)
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()


@contextmanager
def serving(ses: Ses) -> Iterator[str]:
    """Serve it on a free port of this machine, and give its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one piece: in two, the client's delayed acknowledgement adds 40 ms

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            refusal = ses.take(request)
            [address] = request["Destination"]["ToAddresses"]
            if refusal is None and ses.loses_answers(address):
                self.close_connection = True
                return
            self._answer(refusal)

        def _answer(self, refusal: Refusal | None) -> None:
            body = {"MessageId": f"mail-{time.monotonic_ns()}"} if refusal is None else {"message": refusal.message}
            content = json.dumps(body).encode()
            self.send_response(200 if refusal is None else refusal.status)
            if refusal:
                self.send_header("x-amzn-errortype", refusal.code)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 512  # who finds it full has a connection that nobody reads from

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """Serve it in a process of its own until that is ended: `python -m tests.system.ses LATENCY`. Prints its URL."""
    with serving(Ses(latency=float(sys.argv[1]))) as address:
        print(address, flush=True)  # noqa: T201 - for whoever started it
        threading.Event().wait()


if __name__ == "__main__":
    main()
