"""Responses of REST APIs to clients: from a function's result, or from a mock integration.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response

from samrun.functions.invoker import InvocationResult
from samrun.gateway.media_types import is_binary
from samrun.gateway.responses import (
    MalformedResponseError,
    encoded_body,
    function_output,
    get,
    response_headers,
    status_code,
)
from samrun.template.model.rest_apis import MockResponse

_FIELDS = {"body", "headers", "isBase64Encoded", "multiValueHeaders", "statusCode"}


def rest_response(result: InvocationResult, request: Request, binary_media_types: Iterable[str]) -> Response:
    """Return the response for a function's result; a result without a status is a 200.

    A body in base64 is decoded if the client accepts one of the binary media types, and is passed on as it is
    otherwise. Raises FunctionFailedError and MalformedResponseError.
    """
    payload = function_output(result)
    if not isinstance(payload, dict):
        raise MalformedResponseError("it is not an object with statusCode, headers and body")
    if unknown := sorted(payload.keys() - _FIELDS):
        raise MalformedResponseError(f"it has {', '.join(unknown)}; a REST API takes only {', '.join(sorted(_FIELDS))}")
    # A client without an Accept header accepts everything.
    decoded = payload.get("isBase64Encoded") is True and is_binary(
        request.headers.get("accept", "*/*"), binary_media_types
    )
    headers = response_headers(payload, multiple=True)
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "application/json"))
    status = status_code(get(payload, "statusCode", 200))
    body = encoded_body(payload, is_base64=decoded)
    response = Response(b"" if status in {204, 304} else body, status)
    for name, value in headers:
        response.headers.append(name, value)
    return response


def mock_integration_response(mock: MockResponse) -> Response:
    """Return the fixed answer of a mock integration."""
    return Response(mock.body, mock.status, dict(mock.headers), media_type="application/json")
