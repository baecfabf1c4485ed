"""Pages of the inbox."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from samrun.console.inbox import mailpit
from samrun.console.inbox.inbox import Inbox
from samrun.console.shell.html_pages import HtmlPages, View
from samrun.control.stack_parts import StackParts

VIEW = View(title="Inbox", path="/inbox")


def routes(parts: StackParts, pages: HtmlPages) -> list[BaseRoute]:
    """Return the routes of the inbox, and those of Mailpit's API."""

    def page(request: Request) -> Response:
        return pages.render(request, "inbox/templates/inbox.html")

    return [
        Route(VIEW.path, page),
        *mailpit.routes(Inbox(parts.mails)),
        Route("/view/{id}", page),
        Mount("/static/inbox", StaticFiles(directory=Path(__file__).with_name("static"))),
    ]
