"""Web application of the console: the pages of its views, and its APIs. Its server refuses pages of other sites."""

from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from samrun.console import issuer_pages
from samrun.console.dead_letters import pages as dead_letters
from samrun.console.flow import pages as flow
from samrun.console.functions import pages as functions
from samrun.console.inbox import pages as inbox
from samrun.console.kafka import pages as kafka
from samrun.console.shell.html_pages import HtmlPages
from samrun.control.control_api import control_api
from samrun.control.stack_parts import StackParts

# In the order of the navigation. Each module has its VIEW, and its `routes`.
_VIEWS = (flow, kafka, functions, dead_letters, inbox)
_STATIC = Path(__file__).with_name("shell") / "static"


def console(parts: StackParts) -> Starlette:
    """Return the web application of a stack: its views, its control, and its token issuer if there is one."""
    pages = HtmlPages([each.VIEW for each in _VIEWS])

    def refuse(request: Request, error: Exception) -> Response:
        return _refusal(pages, request, error)

    return Starlette(
        routes=[
            *(route for each in _VIEWS for route in each.routes(parts, pages)),
            *control_api(parts),
            *(issuer_pages.routes(parts.issuer) if parts.issuer else []),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={HTTPException: refuse, **inbox.EXCEPTION_HANDLERS},
    )


def _refusal(pages: HtmlPages, request: Request, error: Exception) -> Response:
    """Return the answer to a request that is not carried out: a page for browsers, a line for programs."""
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    text = error.detail if isinstance(error, HTTPException) else ""
    if "hx-request" in request.headers or "text/html" not in request.headers.get("accept", ""):
        return PlainTextResponse(text, status, headers=getattr(error, "headers", None))
    title = "There is no such page" if status == HTTPStatus.NOT_FOUND else HTTPStatus(status).phrase
    return pages.render(request, "shell/templates/error.html", status=status, title=title, text=text)
