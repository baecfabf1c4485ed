"""Events of requests: the payload that API Gateway sends to a Lambda function, in format 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import re
import secrets
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from samrun.gateway.caller import Caller
from samrun.gateway.request_body import encode_body
from samrun.gateway.routes import Match
from samrun.gateway.trace_header import trace_header
from samrun.template.model.account import ACCOUNT
from samrun.template.model.http_apis import HttpApi, Route
from samrun.trace_ids import HEADER

# Every other body is sent in base64, also forms and bodies without a content type. AWS does not document this list;
# it was found by experiment: https://github.com/ministackorg/ministack/pull/766
_TEXT_TYPES = {"application/json", "application/xml", "application/javascript"}
_PORT = re.compile(r":[0-9]*$")
# These headers belong to the connection between client and gateway. Cookies have a field of their own.
_NOT_PASSED_ON = {"connection", "cookie", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}


def proxy_event(
    request: Request,
    match: Match[Route],
    body: bytes,
    *,
    api: HttpApi,
    identifier: str,
    caller: Caller | None,
) -> dict[str, Any]:
    """Return the event of a request. As in API Gateway, a field without a value is absent."""
    now = datetime.now(UTC)
    # Decoded: API Gateway sends it decoded, although its documentation calls it raw. It has the stage, if there is one.
    path = f"/{api.stage}{request.scope['path']}" if api.stage else request.scope["path"]
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": path,
        "rawQueryString": request.scope["query_string"].decode("latin-1"),
        "headers": _headers(request, body),
        "requestContext": _context(request, match.route.key, now, api, path, identifier),
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
    if api.stage_variables:
        event["stageVariables"] = dict(api.stage_variables)
    if body:
        is_text = is_text_type(request.headers.get("content-type", ""))
        event["body"], event["isBase64Encoded"] = encode_body(body, is_text=is_text)
    return event


def request_id() -> str:
    """Return a new id in the form of API Gateway's request ids: `JKJaXmPLvHcESHA=`."""
    return base64.urlsafe_b64encode(secrets.token_bytes(11)).decode()


def domain_name(request: Request) -> str:
    """Return the host of a request, without its port."""
    return _PORT.sub("", request.headers.get("host", ""))


def source_ip(request: Request) -> str:
    """Return the address of the client."""
    return request.client.host if request.client else "127.0.0.1"


def is_text_type(content_type: str) -> bool:
    """Tell whether an HTTP API sends a body of this content type as a text."""
    media_type = content_type.split(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type in _TEXT_TYPES


def _context(
    request: Request, route_key: str, now: datetime, api: HttpApi, path: str, identifier: str
) -> dict[str, Any]:
    host = domain_name(request)
    return {
        "accountId": ACCOUNT,
        "apiId": api.logical_id,
        "domainName": host,
        "domainPrefix": host.split(".")[0],
        "http": {
            "method": request.method,
            "path": path,
            "protocol": f"HTTP/{request.scope['http_version']}",
            "sourceIp": source_ip(request),
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": identifier,
        "routeKey": route_key,
        "stage": api.stage or "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }


def _headers(request: Request, body: bytes) -> dict[str, str]:
    headers = {name: ",".join(request.headers.getlist(name)) for name in request.headers if name not in _NOT_PASSED_ON}
    forwarded_for = [headers["x-forwarded-for"]] if "x-forwarded-for" in headers else []
    server = request.scope["server"] or ("", 80)
    headers[HEADER] = trace_header(request.scope)
    return headers | {
        "content-length": str(len(body)),
        "x-forwarded-for": ", ".join([*forwarded_for, source_ip(request)]),
        "x-forwarded-port": str(server[1]),
        "x-forwarded-proto": request.scope["scheme"],
    }


def _cookies(request: Request) -> list[str]:
    cookies = ";".join(request.headers.getlist("cookie")).split(";")
    return [cookie.strip() for cookie in cookies if cookie.strip()]


def _query_parameters(query: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    return parameters
