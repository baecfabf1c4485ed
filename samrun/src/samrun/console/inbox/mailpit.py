"""Mailpit's REST API v1 for the inbox, so that clients written for Mailpit work here.

https://mailpit.axllent.org/docs/api-v1/. As in Mailpit, an error is plain text with 400 or 404.
"""

import json
import time
from contextlib import suppress
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from samrun.console.inbox import rendering, schemas
from samrun.console.inbox.inbox import Inbox
from samrun.console.inbox.message import headers
from samrun.errors import SamrunError
from samrun.services.mail_store import MailNotFoundError


class BadRequestError(SamrunError):
    """The request cannot be carried out; the message says why."""


EXCEPTION_HANDLERS: dict[Any, Any] = {
    BadRequestError: lambda _, error: PlainTextResponse(str(error), 400),
    MailNotFoundError: lambda _, _error: PlainTextResponse("404 page not found", 404),
}


def routes(inbox: Inbox) -> list[Route]:
    """Return the routes of the API."""
    api = _Api(inbox)
    return [
        Route("/livez", api.live),
        Route("/readyz", api.live),
        Route("/api/v1/info", api.info),
        Route("/api/v1/messages", api.messages),
        Route("/api/v1/messages", api.set_read, methods=["PUT"]),
        Route("/api/v1/messages", api.delete, methods=["DELETE"]),
        Route("/api/v1/search", api.search),
        Route("/api/v1/message/{id}", api.message),
        Route("/api/v1/message/{id}/headers", api.headers),
        Route("/api/v1/message/{id}/raw", api.raw),
        Route("/api/v1/message/{id}/part/{part}", api.part),
        Route("/view/{id}.html", api.html),
        Route("/view/{id}.txt", api.text),
    ]


class _Api:
    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._started = time.monotonic()

    def live(self, _: Request) -> Response:
        return Response()

    def info(self, _: Request) -> Response:
        page = self._inbox.page(start=0, limit=0)
        return JSONResponse(
            {
                "Version": "local",
                "LatestVersion": "",
                "Database": str(self._inbox.store.folder),
                "DatabaseSize": self._inbox.store.size(),
                "Messages": page.total,
                "Unread": page.unread,
                "Tags": {},
                "RuntimeStats": {"Uptime": int(time.monotonic() - self._started)},
            }
        )

    def messages(self, request: Request) -> Response:
        return self._page(request, "")

    def search(self, request: Request) -> Response:
        query = _query(request)
        if not query:
            raise BadRequestError("Error: no search query")
        return self._page(request, query)

    async def set_read(self, request: Request) -> Response:
        body = await _json(request)
        identifiers, query = _identifiers(body), body.get("search") or ""
        if identifiers and query:
            raise BadRequestError("You may specify either IDs or a search query, not both")

        def mark() -> None:
            for identifier in identifiers or self._inbox.identifiers(query):
                with suppress(MailNotFoundError):
                    self._inbox.store.mark_read(identifier, read=bool(body.get("read")))

        await run_in_threadpool(mark)
        return PlainTextResponse("ok")

    async def delete(self, request: Request) -> Response:
        identifiers = _identifiers(await _json(request))

        def delete() -> None:
            for identifier in identifiers or self._inbox.identifiers():
                with suppress(MailNotFoundError):
                    self._inbox.store.delete(identifier)

        await run_in_threadpool(delete)
        return PlainTextResponse("ok")

    def message(self, request: Request) -> Response:
        summary, message = self._inbox.open(self._identifier(request))
        self._inbox.store.mark_read(summary.mail.id)
        return JSONResponse(schemas.message(summary, message))

    def headers(self, request: Request) -> Response:
        return JSONResponse(headers(self._inbox.store.raw(self._identifier(request))))

    def raw(self, request: Request) -> Response:
        identifier = self._identifier(request)
        response = PlainTextResponse(self._inbox.store.raw(identifier), headers=rendering.INERT)
        if request.query_params.get("dl") == "1":
            response.headers["content-disposition"] = f'attachment; filename="{identifier}.eml"'
        return response

    def part(self, request: Request) -> Response:
        _, message = self._inbox.open(self._identifier(request))
        parts = {part.id: part for part in message.parts}
        if request.path_params["part"] not in parts:
            raise MailNotFoundError(request.path_params["part"])
        return rendering.download(parts[request.path_params["part"]])

    def html(self, request: Request) -> Response:
        _, message = self._inbox.open(self._identifier(request))
        if not message.html:
            return PlainTextResponse("This message does not contain a HTML part", 404)
        return rendering.page(message, links_in_new_tab=request.query_params.get("embed") == "1")

    def text(self, request: Request) -> Response:
        _, message = self._inbox.open(self._identifier(request))
        return PlainTextResponse(message.text, headers=rendering.INERT)

    def _page(self, request: Request, query: str) -> Response:
        start, limit = _count(request, "start", 0), _count(request, "limit", 50)
        return JSONResponse(schemas.messages_summary(self._inbox.page(start=start, limit=limit, query=query)))

    def _identifier(self, request: Request) -> str:
        return self._inbox.identifier(request.path_params["id"], _query(request))


def _query(request: Request) -> str:
    return request.query_params.get("query", "").strip()


def _count(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else default


async def _json(request: Request) -> dict[str, Any]:
    """Return the object in the body, with its names in lower case: Mailpit accepts them in any case.

    An empty body is an empty object. Mailpit treats a body that is not JSON as empty, and then deletes every mail;
    this console refuses it. Raises BadRequestError.
    """
    body = await request.body()
    try:
        content = json.loads(body) if body.strip() else {}
    except ValueError as error:
        raise BadRequestError(f"the body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise BadRequestError("the body is not a JSON object")
    return {name.lower(): value for name, value in content.items()}


def _identifiers(body: dict[str, Any]) -> list[str]:
    identifiers = body.get("ids") or []
    if not isinstance(identifiers, list) or not all(isinstance(each, str) for each in identifiers):
        raise BadRequestError("IDs is not a list of ids")
    return identifiers
