"""Body of a request: read up to API Gateway's limit, and turned into a text for an event."""

import base64

from starlette.requests import Request

from samrun.gateway.errors import GatewayError
from samrun.supervision.bounded_body import read_at_most

# A quota of HTTP APIs and of REST APIs. It is fixed.
MAX_BODY = 10 * 1024 * 1024


class RequestTooLargeError(GatewayError):
    """The body of the request is over API Gateway's 10 MB."""


async def read_body(request: Request) -> bytes:
    """Return the request's body; stop reading once it is over the limit. Raises RequestTooLargeError."""
    body = await read_at_most(request, MAX_BODY)
    if body is None:
        raise RequestTooLargeError
    return body


def encode_body(body: bytes, *, is_text: bool) -> tuple[str, bool]:
    """Return the body as an event has it, and whether it is in base64.

    API Gateway replaces the bytes of a text that are not UTF-8, so that the body is lost. Such a body is sent in
    base64 here.
    """
    if is_text:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True
