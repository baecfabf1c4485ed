"""CORS of a function URL: Lambda's answers to preflight requests, and its headers in the responses of functions.

https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-cors
"""

from collections.abc import Iterable, Iterator

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response

from samrun.gateway.cors import allowed_origin
from samrun.template.model.http_apis import Cors


def function_url_preflight_response(cors: Cors, request: Request) -> Response:
    """Return Lambda's own answer to a preflight request: the function is not invoked."""
    response = Response()
    add_cors_headers(response.headers, cors, request)
    if allowed_origin(cors, request):
        _add(response.headers, "access-control-allow-methods", cors.methods)
        _add(response.headers, "access-control-allow-headers", cors.headers)
        _add(response.headers, "access-control-max-age", _age(cors))
    return response


def add_cors_headers(headers: MutableHeaders, cors: Cors, request: Request) -> None:
    """Add the configured headers to a response to a request of an allowed origin.

    The function's own stay, so that there may be two of one name, which browsers refuse. As on AWS, the origin is
    that of the request, also if the configuration allows every origin:
    https://github.com/aws-powertools/powertools-lambda-python/issues/4163
    """
    if allowed_origin(cors, request):
        headers.append("access-control-allow-origin", request.headers["origin"])
        headers.append("vary", "Origin")
        _add(headers, "access-control-allow-credentials", ["true"] if cors.credentials else [])
        _add(headers, "access-control-expose-headers", cors.exposed_headers)


def _add(headers: MutableHeaders, name: str, values: Iterable[str]) -> None:
    if text := ",".join(values):
        headers.append(name, text)


def _age(cors: Cors) -> Iterator[str]:
    if cors.max_age is not None:
        yield str(cors.max_age)
