"""HTTP server in our own process: one of several in the same event loop, each guarded against web pages."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from samrun.supervision.browser_guard import BrowserGuard, GuardMiddleware, Pages

_HEADER_NAMES = "header_names"
# Seconds for the head of a request, and for each further piece of its body.
_PATIENCE = 30.0
# Seconds for which a connection without a request stays open: longer than clients that count on it keep theirs, or one
# sends its next request into a connection that ends at that moment.
_IDLE = 75


class _Protocol(HttpToolsProtocol):
    """HTTP that also keeps the names of the headers as the client wrote them, and closes connections that stand still.

    uvicorn closes those that are idle after an answer. Here, a connection must also have sent the head of its request
    in time, and each further piece of the body. An answer may take any time.
    """

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_data()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"][_HEADER_NAMES] = []
        if self._timer is None:
            self._expect_data()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._expect_data()

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._expect_data()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._expect_nothing()

    def _expect_data(self) -> None:
        self._expect_nothing()
        self._timer = self.loop.call_later(_PATIENCE, self._give_up)

    def _expect_nothing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        if self.flow.read_paused:  # the application has not read yet what came
            self._expect_data()
        else:
            self.transport.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.scope["state"][_HEADER_NAMES].append(name.decode("latin-1"))
        super().on_header(name, value)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # The stack handles signals. One server of several must not take them.
        yield


def header_names(scope: Scope) -> list[str]:
    """Return the names of a request's headers as the client wrote them, in their order.

    In a scope of another server, they are in lower case.
    """
    names: list[str] | None = scope.get("state", {}).get(_HEADER_NAMES)
    return [name.decode("latin-1") for name, _ in scope["headers"]] if names is None else names


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp, listener: socket.socket, *, pages: Pages = Pages.NONE, idle: int = _IDLE
) -> AsyncIterator[None]:
    """Serve `app` on a bound socket, to programs and to `pages`, while the context lasts.

    A connection that has no request for `idle` seconds is closed.
    """
    server = _Server(
        uvicorn.Config(
            GuardMiddleware(app, BrowserGuard(pages=pages)),
            http=_Protocol,
            # A connection that is no longer HTTP would pass by the guard.
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=idle,
            # An open request must not delay the end. The runtime client's `next` is always one.
            timeout_graceful_shutdown=1,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.005)
        yield
    finally:
        server.should_exit = True
        server.force_exit = True
        await task
        listener.close()
