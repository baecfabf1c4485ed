"""The response to a client, from what a function answered: payload format 2.0 and what API Gateway infers."""

import base64
import json
import re
from typing import Any

from starlette.responses import JSONResponse, Response

from local.invoker import Answer

_STATUS = re.compile("[2-5][0-9]{2}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# What the server says itself: a second word from the function would contradict it.
_OF_THE_CONNECTION = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}


class MalformedResponseError(Exception):
    """The function failed, or answered something that is no response."""


def message(status: int, text: str) -> Response:
    """Return one of API Gateway's own answers, such as 404 `{"message":"Not Found"}`."""
    return JSONResponse({"message": text}, status)


def proxy_response(answer: Answer) -> Response:
    """Return what the client gets for a function's answer.

    An object with `statusCode` is the response; anything else is the body of a 200, as JSON.
    Raises MalformedResponseError.
    """
    if answer.function_error:
        raise MalformedResponseError(answer.function_error)
    try:
        payload = json.loads(answer.payload)
    except ValueError:
        return Response(answer.payload, media_type="application/json")
    if not isinstance(payload, dict) or "statusCode" not in payload:
        body = payload if isinstance(payload, str) else answer.payload
        return Response(body, media_type="application/json")
    return _explicit(payload)


def _explicit(payload: dict[str, Any]) -> Response:
    status = _status(payload["statusCode"])
    body = _body(payload)
    headers = _headers(_get(payload, "headers", {}))
    if body and "content-type" not in headers:
        headers["content-type"] = "text/plain; charset=utf-8"
    # HTTP allows these no body, whatever the function gave.
    response = Response(b"" if status in {204, 304} else body, status, headers)
    for cookie in _cookies(_get(payload, "cookies", [])):
        response.headers.append("set-cookie", cookie)
    return response


def _status(value: Any) -> int:
    if not isinstance(value, int | str) or not _STATUS.fullmatch(str(value)):
        raise MalformedResponseError(f"statusCode is {value!r}")
    return int(value)


def _headers(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise MalformedResponseError("headers is no object")
    headers = {name.lower(): _header_value(name, each) for name, each in value.items()}
    return {name: each for name, each in headers.items() if name not in _OF_THE_CONNECTION}


def _header_value(name: str, value: Any) -> str:
    if not _HEADER_NAME.fullmatch(name) or not isinstance(value, str | int | float):
        raise MalformedResponseError(f"header {name!r} is no header")
    return _line(json.dumps(value) if isinstance(value, bool) else str(value))


def _cookies(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(cookie, str) for cookie in value):
        raise MalformedResponseError("cookies is no list of strings")
    return [_line(cookie) for cookie in value]


def _line(text: str) -> str:
    """Return `text` if it fits in a header: a line break would end the header and begin another."""
    if not _HEADER_VALUE.fullmatch(text):
        raise MalformedResponseError("a header holds control characters, or characters beyond Latin-1")
    return text.strip()


def _body(payload: dict[str, Any]) -> bytes:
    body = _get(payload, "body", "")
    if not isinstance(body, str):
        raise MalformedResponseError("body is no string")
    if payload.get("isBase64Encoded") is not True:
        return body.encode(errors="replace")
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as error:
        raise MalformedResponseError("body is no base64") from error


def _get(payload: dict[str, Any], name: str, default: Any) -> Any:
    """Return a field of the payload; null means absent."""
    value = payload.get(name)
    return default if value is None else value
