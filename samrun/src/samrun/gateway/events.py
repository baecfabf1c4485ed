"""The event that a Lambda function gets for a request: API Gateway's payload format 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import re
import secrets
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from local.gateway.authorizer import Caller
from local.gateway.routes import Match
from local.model import ACCOUNT

# The rest is base64, forms and requests without a content type too. AWS does not document the list; it was
# found by trying: https://github.com/ministackorg/ministack/pull/766
_TEXT_TYPES = {"application/json", "application/xml", "application/javascript"}
_PORT = re.compile(r":[0-9]*$")
# Meant for the connection to the gateway, not for what is behind it; cookies have a field of their own.
_NOT_PASSED_ON = {"connection", "cookie", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}


def proxy_event(
    request: Request, match: Match, body: bytes, *, api_id: str, identifier: str, caller: Caller | None
) -> dict[str, Any]:
    """Return the event. Fields for which the request has nothing are absent, as in API Gateway."""
    now = datetime.now(UTC)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        # Decoded, as API Gateway has it for all that its documentation calls it raw.
        "rawPath": request.scope["path"],
        "rawQueryString": request.scope["query_string"].decode("latin-1"),
        "headers": _headers(request, body, now),
        "requestContext": _context(request, match.route.key, now, api_id, identifier),
        "isBase64Encoded": False,
    }
    if caller:
        event["requestContext"]["authorizer"] = caller.in_event()
    if cookies := _cookies(request):
        event["cookies"] = cookies
    if parameters := _query_parameters(event["rawQueryString"]):
        event["queryStringParameters"] = parameters
    if match.path_parameters:
        event["pathParameters"] = dict(match.path_parameters)
    if body:
        event["isBase64Encoded"] = not _is_text(request.headers.get("content-type", ""))
        event["body"] = base64.b64encode(body).decode() if event["isBase64Encoded"] else body.decode(errors="replace")
    return event


def request_id() -> str:
    """Return a new id of the form that API Gateway gives its requests: `JKJaXmPLvHcESHA=`."""
    return base64.urlsafe_b64encode(secrets.token_bytes(11)).decode()


def _context(request: Request, route_key: str, now: datetime, api_id: str, identifier: str) -> dict[str, Any]:
    host = _PORT.sub("", request.headers.get("host", ""))
    return {
        "accountId": ACCOUNT,
        "apiId": api_id,
        "domainName": host,
        "domainPrefix": host.split(".")[0],
        "http": {
            "method": request.method,
            "path": request.scope["path"],
            "protocol": f"HTTP/{request.scope['http_version']}",
            "sourceIp": _source_ip(request),
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": identifier,
        "routeKey": route_key,
        "stage": "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }


def _headers(request: Request, body: bytes, now: datetime) -> dict[str, str]:
    headers = {name: ",".join(request.headers.getlist(name)) for name in request.headers if name not in _NOT_PASSED_ON}
    forwarded_for = [headers["x-forwarded-for"]] if "x-forwarded-for" in headers else []
    server = request.scope["server"] or ("", 80)
    headers.setdefault("x-amzn-trace-id", f"Root=1-{int(now.timestamp()):08x}-{secrets.token_hex(12)}")
    return headers | {
        "content-length": str(len(body)),
        "x-forwarded-for": ", ".join([*forwarded_for, _source_ip(request)]),
        "x-forwarded-port": str(server[1]),
        "x-forwarded-proto": request.scope["scheme"],
    }


def _source_ip(request: Request) -> str:
    return request.client.host if request.client else "127.0.0.1"


def _cookies(request: Request) -> list[str]:
    cookies = ";".join(request.headers.getlist("cookie")).split(";")
    return [cookie.strip() for cookie in cookies if cookie.strip()]


def _query_parameters(query: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    return parameters


def _is_text(content_type: str) -> bool:
    media_type = content_type.split(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type in _TEXT_TYPES
