"""Check of the origin: pages of other sites may not change anything in the console."""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_READING = {"GET", "HEAD", "OPTIONS"}


class SameOriginMiddleware:
    """Middleware that refuses a write that a page of another origin sends (CSRF).

    Browsers send the origin with every write. A client that sends none is not a browser, and may write.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _READING:
            headers = Headers(scope=scope)
            own = f"{scope['scheme']}://{headers.get('host')}"
            if headers.get("origin", own) != own:
                refusal = PlainTextResponse(f"Refused: only pages of {own} may change mails here.", 403)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
