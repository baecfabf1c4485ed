"""Mailpit's REST API v1 for the inbox, so that clients written for Mailpit work here.

https://mailpit.axllent.org/docs/api-v1/. As in Mailpit, an error is plain text with 400 or 404. The inbox gets its
mails from SES and passes none on: what needs SMTP, another service or a picture library answers 501 and says why.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

import samrun
from samrun.console.inbox import rendering, schemas
from samrun.console.inbox.composed_mail import ComposedMailError, composed_mail
from samrun.console.inbox.inbox import Inbox
from samrun.console.inbox.inbox_events import inbox_events
from samrun.console.inbox.message import headers
from samrun.console.inbox.search_query import SearchQueryError
from samrun.errors import SamrunError
from samrun.services.mail_store import MailNotFoundError
from samrun.services.mail_tags import clean_tags

# Paths of Mailpit's API that are not here, each with the reason.
_NOT_HERE = {
    "/api/v1/chaos": "chaos makes an SMTP server fail, and the inbox has none: the functions send by SES",
    "/api/v1/message/{id}/release": "it sends no mail to anybody, so it releases none",
    "/api/v1/message/{id}/html-check": "it has no table of what mail programs support",
    "/api/v1/message/{id}/link-check": "it asks no other site, so it cannot check links",
    "/api/v1/message/{id}/sa-check": "it runs no SpamAssassin",
    "/api/v1/message/{id}/part/{part}/thumb": "it makes no thumbnails; the part is at the path without /thumb",
}


class BadRequestError(SamrunError):
    """The request cannot be carried out; the message says why."""


def _bad_request(_: Request, error: Exception) -> Response:
    return PlainTextResponse(str(error), 400)


EXCEPTION_HANDLERS: dict[Any, Any] = {
    BadRequestError: _bad_request,
    SearchQueryError: _bad_request,
    ComposedMailError: lambda _, error: JSONResponse({"Error": str(error)}, 400),
    MailNotFoundError: lambda _, _error: PlainTextResponse("404 page not found", 404),
}


def routes(inbox: Inbox) -> list[Route]:
    """Return the routes of the API."""
    api = _Api(inbox)
    return [
        Route("/livez", api.live),
        Route("/readyz", api.live),
        Route("/api/events", api.events),
        Route("/api/v1/info", api.info),
        Route("/api/v1/webui", api.web_ui),
        Route("/api/v1/messages", api.messages),
        Route("/api/v1/messages", api.set_read, methods=["PUT"]),
        Route("/api/v1/messages", api.delete, methods=["DELETE"]),
        Route("/api/v1/search", api.search),
        Route("/api/v1/search", api.delete_found, methods=["DELETE"]),
        Route("/api/v1/send", api.send, methods=["POST"]),
        Route("/api/v1/tags", api.tags),
        Route("/api/v1/tags", api.set_tags, methods=["PUT"]),
        Route("/api/v1/tags/{tag}", api.rename_tag, methods=["PUT"]),
        Route("/api/v1/tags/{tag}", api.delete_tag, methods=["DELETE"]),
        Route("/api/v1/message/{id}", api.message),
        Route("/api/v1/message/{id}/headers", api.headers),
        Route("/api/v1/message/{id}/raw", api.raw),
        Route("/api/v1/message/{id}/part/{part}", api.part),
        *(Route(path, _refusal(why), methods=["GET", "POST", "PUT"]) for path, why in _NOT_HERE.items()),
        Route("/view/{id}.html", api.html),
        Route("/view/{id}.txt", api.text),
    ]


def _refusal(why: str) -> Callable[[Request], Response]:
    def refuse(_: Request) -> Response:
        return PlainTextResponse(f"Not in samrun: {why}.", 501)

    return refuse


class _Api:
    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._started = time.monotonic()

    def live(self, _: Request) -> Response:
        return Response()

    def events(self, request: Request) -> Response:
        if request.headers.get("upgrade", "").lower() == "websocket":
            why = "/api/events is no websocket here, but a stream of server-sent events with the same JSON"
            return PlainTextResponse(f"Not in samrun: {why}.", 501)
        return inbox_events(self._inbox)

    def info(self, _: Request) -> Response:
        page = self._inbox.page(start=0, limit=0)
        return JSONResponse(
            {
                "Version": samrun.__version__,
                "LatestVersion": "",
                "Database": str(self._inbox.store.folder),
                "DatabaseSize": self._inbox.store.size(),
                "Messages": page.total,
                "Unread": page.unread,
                "Tags": dict(self._inbox.tags()),
                "RuntimeStats": schemas.runtime_stats(uptime=int(time.monotonic() - self._started)),
            }
        )

    def web_ui(self, _: Request) -> Response:
        return JSONResponse(schemas.web_ui())

    def messages(self, request: Request) -> Response:
        return self._page(request, "")

    def search(self, request: Request) -> Response:
        return self._page(request, _search(request))

    async def set_read(self, request: Request) -> Response:
        body = await _json(request)
        identifiers, query = _texts(body, "IDs"), body.get("search") or ""
        if identifiers and query:
            raise BadRequestError("You may specify either IDs or a search query, not both")

        def mark() -> None:
            for identifier in identifiers or self._inbox.identifiers(query, _zone(request)):
                with suppress(MailNotFoundError):
                    self._inbox.store.mark_read(identifier, read=bool(body.get("read")))

        await run_in_threadpool(mark)
        return PlainTextResponse("ok")

    async def delete(self, request: Request) -> Response:
        identifiers = _texts(await _json(request), "IDs")
        await run_in_threadpool(lambda: self._delete(identifiers or self._inbox.identifiers()))
        return PlainTextResponse("ok")

    def delete_found(self, request: Request) -> Response:
        self._delete(self._inbox.identifiers(_search(request), _zone(request)))
        return PlainTextResponse("ok")

    async def send(self, request: Request) -> Response:
        mail = composed_mail(await _json(request))
        added = await run_in_threadpool(lambda: mail.add_to(self._inbox.store))
        return JSONResponse({"ID": added})

    def tags(self, _: Request) -> Response:
        return JSONResponse(list(self._inbox.tags()))

    async def set_tags(self, request: Request) -> Response:
        body = await _json(request)
        identifiers, tags = _texts(body, "IDs"), _texts(body, "Tags")

        def change() -> None:
            for identifier in identifiers:
                with suppress(MailNotFoundError):
                    self._inbox.store.set_tags(identifier, tags)

        await run_in_threadpool(change)
        return PlainTextResponse("ok")

    async def rename_tag(self, request: Request) -> Response:
        name = (await _json(request)).get("name")
        if not isinstance(name, str) or not clean_tags([name]):
            raise BadRequestError("Name is not the name of a tag: letters, digits, spaces and -._@")
        return await self._replace_tag(request, [name])

    async def delete_tag(self, request: Request) -> Response:
        return await self._replace_tag(request, [])

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
        links_in_new_tab = request.query_params.get("embed") == "1"
        return rendering.page(message, links_in_new_tab=links_in_new_tab, theme=rendering.theme_of(request))

    def text(self, request: Request) -> Response:
        _, message = self._inbox.open(self._identifier(request))
        return PlainTextResponse(message.text, headers=rendering.INERT)

    def _page(self, request: Request, query: str) -> Response:
        start, limit = _count(request, "start", 0), _count(request, "limit", 50)
        page = self._inbox.page(start=start, limit=limit, query=query, zone=_zone(request))
        return JSONResponse(schemas.messages_summary(page))

    def _identifier(self, request: Request) -> str:
        return self._inbox.identifier(request.path_params["id"], _query(request), _zone(request))

    def _delete(self, identifiers: list[str]) -> None:
        for identifier in identifiers:
            with suppress(MailNotFoundError):
                self._inbox.store.delete(identifier)

    async def _replace_tag(self, request: Request, names: list[str]) -> Response:
        tag = request.path_params["tag"]
        if not await run_in_threadpool(lambda: self._inbox.replace_tag(tag, names)):
            raise BadRequestError(f"no mail has the tag {tag}")
        return PlainTextResponse("ok")


def _query(request: Request) -> str:
    return request.query_params.get("query", "").strip()


def _search(request: Request) -> str:
    query = _query(request)
    if not query:
        raise BadRequestError("Error: no search query")
    return query


def _zone(request: Request) -> tzinfo | None:
    """Return the time zone of the dates in a search; None for that of this machine. Raises BadRequestError."""
    name = request.query_params.get("tz", "")
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadRequestError(f"tz={name} is no time zone of this machine; write one such as Europe/Berlin") from None


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
    except (ValueError, RecursionError) as error:
        raise BadRequestError(f"the body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise BadRequestError("the body is not a JSON object")
    return {name.lower(): value for name, value in content.items()}


def _texts(body: dict[str, Any], name: str) -> list[str]:
    texts = body.get(name.lower()) or []
    if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
        raise BadRequestError(f"{name} is not a list of texts")
    return texts
