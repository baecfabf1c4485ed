"""Guard of a port against web pages: a page of another site must not use what runs on this machine.

A browser sends requests to 127.0.0.1 for any page that a developer looks at. Three of its headers give it away, since a
page cannot leave them out or choose them:

- `Host` is the name in the URL. It is that of the page's own site if the site lets its name resolve to 127.0.0.1, so
  that the browser takes our port for the site itself (DNS rebinding).
- `Origin` names the page that sends a write, or that reads with CORS.
- `Sec-Fetch-Site` says how a page and our port are related, also in the requests without an origin: pictures, scripts,
  links. Browsers send it to the names of the loopback interface only (https://www.w3.org/TR/fetch-metadata/).

AWS's clients, `sam local` and other programs send none of the last two.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from starlette.types import ASGIApp, Receive, Scope, Send

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
# Docker gives this name to the machine.
_HOSTS = _LOOPBACK | {"host.docker.internal"}
# Names under it stand for this machine (RFC 6761). Clients of S3 put the name of a bucket before it.
_LOOPBACK_DOMAIN = ".localhost"
_READS = frozenset({"GET", "HEAD"})
_ANSWER_HEADERS = [(b"content-type", b"text/plain; charset=utf-8")]


class Pages(Enum):
    """The pages whose requests a port answers."""

    NONE = "none"
    """No page may use the port, and nobody opens it in a browser."""
    OWN = "own"
    """Only pages of the port itself may use it. A link on any page may lead to it."""
    READERS = "readers"
    """A browser may only read: what its user asked for, and what pages of the port itself contain."""
    ALL = "all"
    """The application decides."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Answer to a request that the guard refuses."""

    status: HTTPStatus
    text: str


@dataclass(frozen=True, kw_only=True)
class BrowserGuard:
    """Guard of one port. `addresses` are further addresses on which the port listens.

    No browser gets the paths that begin with one of `closed`.
    """

    pages: Pages = Pages.NONE
    addresses: Collection[str] = ()
    closed: tuple[str, ...] = ()

    def refusal(self, method: str, path: str, headers: Mapping[str, str]) -> Refusal | None:
        """Return the answer to a request that is refused; None if the port may serve it.

        The names of the headers are in lower case, and the path is decoded.
        """
        host = _name(headers.get("host", ""))
        if host not in _HOSTS and host not in self.addresses and not host.endswith(_LOOPBACK_DOMAIN):
            return Refusal(
                status=HTTPStatus.BAD_REQUEST,
                text=f"Refused: this port belongs to {', '.join(sorted(_HOSTS))}, and not to the host in the request.",
            )
        if self.pages is Pages.ALL or not _is_browser(host, headers):
            return None
        if path.startswith(self.closed):
            return _refusal("no browser may use this path.")
        match self.pages:
            case Pages.OWN if not (_is_of_own_page(headers) or _is_link(method, headers)):
                return _refusal(f"only pages of http://{headers['host']} may use this port.")
            case Pages.READERS if not (_is_of_own_page(headers) and _is_read(method, headers)):
                return _refusal("a web page may not use this port.")
            case Pages.NONE:
                return _refusal("a browser may not use this port.")
        return None


def _refusal(text: str) -> Refusal:
    return Refusal(status=HTTPStatus.FORBIDDEN, text=f"Refused: {text}")


def _name(host: str) -> str:
    """Return the name in a Host header, without its port."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()


def _is_browser(host: str, headers: Mapping[str, str]) -> bool:
    if "origin" in headers or "sec-fetch-site" in headers:
        return True
    # To other addresses, browsers send no Sec-Fetch-Site, and no origin with the request for a picture.
    is_loopback = host in _LOOPBACK or host.endswith(_LOOPBACK_DOMAIN)
    return not is_loopback and headers.get("user-agent", "").startswith("Mozilla/")


def _is_of_own_page(headers: Mapping[str, str]) -> bool:
    """Tell whether a page of the port itself sent a request, or the user, who entered the address."""
    own = f"http://{headers['host']}"
    return headers.get("origin", own) == own and headers.get("sec-fetch-site", "none") in {"none", "same-origin"}


def _is_link(method: str, headers: Mapping[str, str]) -> bool:
    """Tell whether the user followed a link of another page, to a page of its own tab."""
    return (
        method in _READS
        and "origin" not in headers
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


def _is_read(method: str, headers: Mapping[str, str]) -> bool:
    # A request to an API names its target or is signed. A link to an object of S3 has its signature in the query.
    return method in _READS and not headers.keys() & {"authorization", "x-amz-target"}


class GuardMiddleware:
    """ASGI middleware that passes on the requests that a guard lets in."""

    def __init__(self, app: "ASGIApp", guard: BrowserGuard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] == "http":
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            if refusal := self._guard.refusal(scope["method"], scope["path"], headers):
                start = {"type": "http.response.start", "status": refusal.status.value, "headers": _ANSWER_HEADERS}
                await send(start)
                await send({"type": "http.response.body", "body": refusal.text.encode()})
                return
        await self._app(scope, receive, send)


class WsgiGuardMiddleware:
    """WSGI middleware that passes on the requests that a guard lets in."""

    def __init__(self, app: "WSGIApplication", guard: BrowserGuard) -> None:
        self._app = app
        self._guard = guard

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        refusal = self._guard.refusal(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""), _headers(environ))
        if refusal is None:
            return self._app(environ, start_response)
        start_response(f"{refusal.status.value} {refusal.status.phrase}", [("Content-Type", "text/plain")])
        return [refusal.text.encode()]


def _headers(environ: "WSGIEnvironment") -> dict[str, str]:
    return {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
