"""Pages of the previews: the list beside one of them, with the mail, the text message and its segments."""

from contextlib import suppress
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from samrun.console.inbox import rendering
from samrun.console.inbox.previews import PreviewNotFoundError, Previews
from samrun.console.inbox.sms_segments import sms_segments
from samrun.console.shell.html_pages import HtmlPages

_TEMPLATE = "inbox/templates/previews.html"


def routes(previews: Previews, pages: HtmlPages) -> list[BaseRoute]:
    """Return the routes."""

    def page(request: Request) -> Response:
        name, preview = request.path_params.get("name", ""), None
        with suppress(PreviewNotFoundError):
            preview = previews.get(name) if name else None
        status = HTTPStatus.NOT_FOUND if name and preview is None else HTTPStatus.OK
        text = preview.text_message if preview else None
        return pages.render(
            request,
            _TEMPLATE,
            status=status,
            folders=previews.folders,
            names=previews.names(),
            name=name,
            preview=preview,
            segments=None if text is None else sms_segments(text),
        )

    def html(request: Request) -> Response:
        try:
            preview = previews.get(request.path_params["name"])
        except PreviewNotFoundError as error:
            return PlainTextResponse(f"There is no preview {error}.", HTTPStatus.NOT_FOUND)
        if preview.message is None or not preview.message.html:
            return PlainTextResponse("This preview has no HTML.", HTTPStatus.NOT_FOUND)
        return rendering.page(preview.message, links_in_new_tab=True, theme=rendering.theme_of(request))

    return [
        Route("/inbox/previews", page),
        Route("/inbox/previews/{name:path}/mail.html", html),
        Route("/inbox/previews/{name:path}", page),
    ]
