"""Web application of the console: its page and its API. Its server refuses pages of other sites."""

from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from samrun.console import issuer_pages, mailpit
from samrun.console.inbox import Inbox
from samrun.oidc.issuer import Issuer
from samrun.services.mail_store import MailStore

_STATIC = Path(__file__).with_name("static")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def console(mails: MailStore, issuer: Issuer | None = None, *, more: Sequence[BaseRoute] = ()) -> Starlette:
    """Return the web application of the mails, of the token issuer if there is one, and of `more` routes."""
    return Starlette(
        routes=[
            Route("/", _page),
            *mailpit.routes(Inbox(mails)),
            *(issuer_pages.routes(issuer) if issuer else []),
            *more,
            Route("/view/{id}", _page),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers=mailpit.EXCEPTION_HANDLERS,
    )


def _page(_: Request) -> Response:
    return FileResponse(
        _STATIC / "index.html",
        headers={"content-security-policy": _POLICY, "referrer-policy": "no-referrer", "cache-control": "no-cache"},
    )
