"""Text messages as JSON. An answer has the newest first.

    GET     /samrun/v1/text-messages?to=NUMBER&limit=100   {"total": number, "text_messages": [...]}
    DELETE  /samrun/v1/text-messages                       ok
    GET     /samrun/v1/text-messages/ID
    DELETE  /samrun/v1/text-messages/ID                    ok

A text message has `id`, `to`, `text`, `sender_id`, `created` (RFC 3339), `encoding`, `units` and `segments`.
"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from samrun.console.inbox.sms_segments import sms_segments
from samrun.rfc3339 import rfc3339
from samrun.services.text_message_store import TextMessage, TextMessageNotFoundError, TextMessageStore

_LIMIT = 100
EXCEPTION_HANDLERS: dict[Any, Any] = {
    TextMessageNotFoundError: lambda _, error: PlainTextResponse(f"There is no text message {error}.", 404),
}


def routes(store: TextMessageStore) -> list[Route]:
    """Return the routes."""
    api = _TextMessageApi(store)
    return [
        Route("/samrun/v1/text-messages", api.text_messages),
        Route("/samrun/v1/text-messages", api.delete_all, methods=["DELETE"]),
        Route("/samrun/v1/text-messages/{id}", api.text_message),
        Route("/samrun/v1/text-messages/{id}", api.delete, methods=["DELETE"]),
    ]


class _TextMessageApi:
    def __init__(self, store: TextMessageStore) -> None:
        self._store = store

    def text_messages(self, request: Request) -> Response:
        to, limit = request.query_params.get("to"), request.query_params.get("limit", str(_LIMIT))
        if not (limit.isascii() and limit.isdigit() and len(limit) < 10):
            return PlainTextResponse(f"limit={limit}: write a number", 400)
        identifiers = self._store.identifiers()
        every = self._store.newest(int(limit) if to is None else len(identifiers))
        found = [each for each in every if to in (None, each.to)][: int(limit)]
        return JSONResponse({"total": len(identifiers), "text_messages": [_as_json(each) for each in found]})

    def text_message(self, request: Request) -> Response:
        return JSONResponse(_as_json(self._store.get(request.path_params["id"])))

    def delete(self, request: Request) -> Response:
        self._store.delete(request.path_params["id"])
        return PlainTextResponse("ok")

    def delete_all(self, _: Request) -> Response:
        for identifier in self._store.identifiers():
            self._store.delete(identifier)
        return PlainTextResponse("ok")


def _as_json(message: TextMessage) -> Mapping[str, Any]:
    counted = sms_segments(message.text)
    return {
        "id": message.id,
        "to": message.to,
        "text": message.text,
        "sender_id": message.sender_id,
        "created": rfc3339(message.created),
        "encoding": counted.encoding,
        "units": counted.units,
        "segments": counted.segments,
    }
