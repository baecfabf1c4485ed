"""HTML pages of the console: rendered by the server, with the navigation, and with a strict policy of their content."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from samrun.console.shell.text_filters import add_filters, made_visible

_CONSOLE = Path(__file__).parents[1]
# No inline script and no inline style: what a record or a mail brings cannot run, even if a template forgets to escape.
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    # With no-referrer, a browser would send the origin null with the forms of these pages.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
}
# htmx adds no style, evaluates no text and asks nobody else. Back loads the page again: it has the newest state.
_HTMX = {
    "includeIndicatorStyles": False,
    "allowEval": False,
    "allowScriptTags": False,
    "selfRequestsOnly": True,
    "historyCacheSize": 0,
    "refreshOnHistoryMiss": True,
}


@dataclass(frozen=True, kw_only=True)
class View:
    """View of the console: its name in the navigation, and the path below which its pages are."""

    title: str
    path: str


@cache
def _environment() -> Environment:
    """Return the environment of all consoles of a process: it compiles a template once."""
    environment = Environment(
        loader=FileSystemLoader(_CONSOLE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=made_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["htmx_config"] = _HTMX
    add_filters(environment)
    return environment


class HtmlPages:
    """Renderer of the pages of all `views`.

    A template is named by its path in the package of the console: "flow/templates/flows.html". Values are escaped, and
    `made_visible`. Fields of forms and the text of a mail are escaped only (`| e`).
    """

    def __init__(self, views: Sequence[View]) -> None:
        self._views = tuple(views)
        self.environment = _environment()

    def render(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        """Return a page, or a part of one that htmx puts into it."""
        html = self.environment.get_template(template).render(
            views=self._views, current=self._view_of(request.url.path), **values
        )
        # A function's text may have halves of surrogate pairs, which UTF-8 cannot hold.
        return HTMLResponse(html.encode(errors="replace"), status, headers=HEADERS)

    def _view_of(self, path: str) -> View | None:
        if path == "/":
            return self._views[0]
        return next((each for each in self._views if path == each.path or path.startswith(f"{each.path}/")), None)
