"""The console's web application: its pane and API, and who may use them."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from local.console import issuer as issuer_pages
from local.console import mailpit
from local.console.inbox import Inbox
from local.console.origin import SameOriginMiddleware
from local.issuer import Issuer
from local.mails import MailStore

_STATIC = Path(__file__).with_name("static")
# A page elsewhere can resolve a name of its own to 127.0.0.1 (DNS rebinding); it cannot choose these.
_HOSTS = ["127.0.0.1", "localhost", "[::1]", "host.docker.internal"]
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def console(mails: MailStore, issuer: Issuer | None = None) -> Starlette:
    """Return the web application. A pane is a module with a `routes` function, and its part of the page."""
    return Starlette(
        routes=[
            Route("/", _page),
            *mailpit.routes(Inbox(mails)),
            *(issuer_pages.routes(issuer) if issuer else []),
            Route("/view/{id}", _page),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers=mailpit.EXCEPTION_HANDLERS,
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=_HOSTS, www_redirect=False),
            Middleware(SameOriginMiddleware),
        ],
    )


def _page(_: Request) -> Response:
    return FileResponse(
        _STATIC / "index.html",
        headers={"content-security-policy": _POLICY, "referrer-policy": "no-referrer", "cache-control": "no-cache"},
    )
