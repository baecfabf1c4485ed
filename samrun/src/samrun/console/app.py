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
from samrun.services.kafka import KafkaUnreachableError

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
        exception_handlers={
            HTTPException: refuse,
            KafkaUnreachableError: refuse,
            Exception: refuse,  # the server logs it as well
            **inbox.EXCEPTION_HANDLERS,
        },
    )


def _refusal(pages: HtmlPages, request: Request, error: Exception) -> Response:
    """Return the answer to a request that is not carried out: a page for browsers, a line for programs."""
    status, title, text = _reason(error)
    if "hx-request" in request.headers or "text/html" not in request.headers.get("accept", ""):
        return PlainTextResponse(text, status, headers=getattr(error, "headers", None))
    return pages.render(
        request,
        "shell/templates/error.html",
        status=status,
        title=title,
        text=text,
        may_work_later=status >= HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def _reason(error: Exception) -> tuple[int, str, str]:
    """Return the status, the title and the text of the page about an error."""
    if isinstance(error, KafkaUnreachableError):
        return HTTPStatus.SERVICE_UNAVAILABLE, "Kafka does not answer", str(error)
    if not isinstance(error, HTTPException):
        text = f"A fault of samrun: {type(error).__name__}. The terminal in which samrun runs shows where it was."
        return HTTPStatus.INTERNAL_SERVER_ERROR, "This page failed", text
    phrase = HTTPStatus(error.status_code).phrase
    if error.status_code != HTTPStatus.NOT_FOUND:
        return error.status_code, phrase, error.detail
    text = "Nothing is at this address." if error.detail == phrase else error.detail
    return error.status_code, "There is no such page", text
