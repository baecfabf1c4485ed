"""Responses of HTTP APIs to clients: from a function's result, in the format of the payload or as it is inferred.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from samrun.functions.invoker import InvocationResult
from samrun.gateway.errors import GatewayError
from samrun.json_values import json_or_text
from samrun.template.model.authorizers import PayloadFormat

_STATUS = re.compile("[2-5][0-9]{2}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# The server sets these headers itself, so the function's values are dropped.
_CONNECTION_HEADERS = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}


class FunctionFailedError(GatewayError):
    """The function failed. Its own log says why."""


class MalformedResponseError(GatewayError):
    """The function's result is not a response; the message says what is wrong with it."""


def message_response(status: int, text: str) -> Response:
    """Return one of API Gateway's own answers, such as 404 `{"message":"Not Found"}`."""
    return JSONResponse({"message": text}, status)


def proxy_response(result: InvocationResult, payload_format: PayloadFormat = "2.0") -> Response:
    """Return the response for a function's result.

    An object with `statusCode` describes the response. In format 2.0, anything else is the body of a 200, as JSON.
    Raises FunctionFailedError and MalformedResponseError.
    """
    payload = function_output(result)
    if payload_format == "1.0":
        if not isinstance(payload, dict) or "statusCode" not in payload:
            raise MalformedResponseError("there is no statusCode, which format 1.0 requires")
        return _described_response(payload, multiple=True)
    if not isinstance(payload, dict) or "statusCode" not in payload:
        body = payload if isinstance(payload, str) else result.payload
        return Response(body, media_type="application/json")
    return _described_response(payload, multiple=False)


def function_output(result: InvocationResult) -> Any:
    """Return the value that a function returned. Raises FunctionFailedError."""
    if result.function_error:
        raise FunctionFailedError(result.function_error)
    return json_or_text(result.payload)


def _described_response(payload: dict[str, Any], *, multiple: bool) -> Response:
    status = status_code(payload["statusCode"])
    body = encoded_body(payload, is_base64=payload.get("isBase64Encoded") is True)
    headers = response_headers(payload, multiple=multiple)
    if body and not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain; charset=utf-8"))
    # HTTP does not allow a body with these statuses.
    response = Response(b"" if status in {204, 304} else body, status)
    cookies = [("set-cookie", cookie) for cookie in _cookies(get(payload, "cookies", []))]
    for name, value in (*headers, *cookies):
        response.headers.append(name, value)
    return response


def status_code(value: Any) -> int:
    """Return the status of a response. Raises MalformedResponseError."""
    if not isinstance(value, int | str) or not _STATUS.fullmatch(str(value)):
        raise MalformedResponseError(f"statusCode is {value!r}, and not a number from 200 to 599")
    return int(value)


def response_headers(payload: Mapping[str, Any], *, multiple: bool) -> list[tuple[str, str]]:
    """Return the headers of a response, with names in lower case. Raises MalformedResponseError.

    With `multiple`, each value in `multiValueHeaders` is a header, too, unless `headers` has the same.
    """
    pairs: dict[tuple[str, str], None] = {}
    for name, values in _object(payload, "multiValueHeaders").items() if multiple else ():
        if not isinstance(values, list):
            raise MalformedResponseError(f"{name} in multiValueHeaders is {_kind(values)}, and not a list")
        pairs |= {(name.lower(), _header_value(name, value)): None for value in values}
    by_name = {name.lower(): _header_value(name, value) for name, value in _object(payload, "headers").items()}
    pairs |= dict.fromkeys(by_name.items())
    return [(name, value) for name, value in pairs if name not in _CONNECTION_HEADERS]


def _object(payload: Mapping[str, Any], field: str) -> dict[str, Any]:
    value = get(payload, field, {})
    if not isinstance(value, dict):
        raise MalformedResponseError(f"{field} is {_kind(value)}, and not an object")
    return value


def _header_value(name: str, value: Any) -> str:
    if not _HEADER_NAME.fullmatch(name):
        raise MalformedResponseError(f"{name!r} is not the name of a header")
    if not isinstance(value, str | int | float):
        raise MalformedResponseError(f"the header {name} is {_kind(value)}, and not a string")
    return _line(json.dumps(value) if isinstance(value, bool) else str(value))


def _cookies(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(cookie, str) for cookie in value):
        raise MalformedResponseError("cookies is not a list of strings")
    return [_line(cookie) for cookie in value]


def _line(text: str) -> str:
    """Return `text` if a header can hold it: a line break would start another header. Raises MalformedResponseError."""
    if not _HEADER_VALUE.fullmatch(text):
        raise MalformedResponseError("a header has control characters, or characters outside Latin-1")
    return text.strip()


def encoded_body(payload: Mapping[str, Any], *, is_base64: bool) -> bytes:
    """Return the body of a response. Raises MalformedResponseError."""
    body = get(payload, "body", "")
    if not isinstance(body, str):
        raise MalformedResponseError(f"body is {_kind(body)}, and not a string. A function returns json.dumps(…) there")
    if not is_base64:
        return body.encode(errors="replace")
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as error:
        raise MalformedResponseError("isBase64Encoded is true, and body is not base64") from error


def get(payload: Mapping[str, Any], name: str, default: Any) -> Any:
    """Return a field of the payload; null counts as absent."""
    value = payload.get(name)
    return default if value is None else value


def _kind(value: Any) -> str:
    """Return the kind of a value; the value itself may be long, and none of the terminal's business."""
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")
