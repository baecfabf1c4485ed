"""CORS of an HTTP API: its answers to preflight requests, and its headers in the responses of functions.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response

from samrun.template.model.http_apis import Cors

_HEADERS = (
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-expose-headers",
    "access-control-max-age",
)


def is_preflight(request: Request) -> bool:
    """Tell whether a browser asks if it may send a request of another origin."""
    return (
        request.method == "OPTIONS"
        and "origin" in request.headers
        and "access-control-request-method" in request.headers
    )


def preflight_response(cors: Cors, request: Request) -> Response:
    """Return API Gateway's own answer to a preflight request. An origin that is not allowed gets no CORS header."""
    response = Response(status_code=204)
    origin = allowed_origin(cors, request)
    if origin:
        _set(response.headers, "access-control-allow-methods", cors.methods)
        _set(response.headers, "access-control-allow-headers", cors.headers)
        if cors.max_age is not None:
            response.headers["access-control-max-age"] = str(cors.max_age)
        _allow(response.headers, cors, origin)
    return response


def set_cors_headers(headers: MutableHeaders, cors: Cors, request: Request) -> None:
    """Put the configured headers into a response to a request of another origin; the function's own are dropped."""
    for name in _HEADERS:
        del headers[name]
    if origin := allowed_origin(cors, request):
        _allow(headers, cors, origin)
        _set(headers, "access-control-expose-headers", cors.exposed_headers)


def _allow(headers: MutableHeaders, cors: Cors, origin: str) -> None:
    headers["access-control-allow-origin"] = origin
    if cors.credentials:
        headers["access-control-allow-credentials"] = "true"


def _set(headers: MutableHeaders, name: str, values: Iterable[str]) -> None:
    if text := ",".join(values):
        headers[name] = text


def allowed_origin(cors: Cors, request: Request) -> str | None:
    """Return the value of access-control-allow-origin: `*` or the request's origin; None if it is not allowed."""
    origin = request.headers.get("origin")
    if origin is None:
        return None
    if "*" in cors.origins:
        return "*"
    return origin if any(_matches(declared, origin) for declared in cors.origins) else None


def _matches(declared: str, origin: str) -> bool:
    """Tell whether an origin is allowed. `https://*` stands for every origin with https."""
    return origin.startswith(declared[:-1]) if declared.endswith("://*") else origin == declared
