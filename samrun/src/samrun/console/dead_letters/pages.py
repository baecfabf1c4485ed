"""Pages of the view Dead letters."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from samrun.console.shell.html_pages import HtmlPages, View
from samrun.control.stack_parts import StackParts

VIEW = View(title="Dead letters", path="/dead-letters")


def routes(parts: StackParts, pages: HtmlPages) -> list[BaseRoute]:
    """Return the routes of the view."""

    def page(request: Request) -> Response:
        return pages.render(request, "dead_letters/templates/dead_letters.html")

    return [Route(VIEW.path, page)]
