"""Events of requests in format 1.0: of REST APIs, and of the routes of HTTP APIs that ask for it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
Events that AWS sent: https://github.com/localstack/localstack/blob/main/tests/aws/services/apigateway/
test_apigateway_lambda.snapshot.json
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from samrun.gateway.caller import Caller
from samrun.gateway.events import domain_name, is_text_type, source_ip
from samrun.gateway.media_types import is_binary
from samrun.gateway.request_body import encode_body
from samrun.gateway.routes import Match
from samrun.gateway.trace_header import trace_header
from samrun.supervision.server import header_names
from samrun.template.model.account import ACCOUNT
from samrun.template.model.http_apis import HttpApi, Route
from samrun.template.model.rest_apis import RestApi, RestMethod
from samrun.trace_ids import HEADER

# API Gateway drops these headers.
_DROPPED = {
    "connection",
    "content-length",
    "content-md5",
    "expect",
    "max-forwards",
    "proxy-authenticate",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
# It writes these with capitals, and others as the client wrote them.
_CAPITALIZED = {name.lower(): name for name in ("Authorization", "Host", "User-Agent", "X-Amzn-Trace-Id")}
_IDENTITY = (
    "accessKey",
    "accountId",
    "caller",
    "cognitoAuthenticationProvider",
    "cognitoAuthenticationType",
    "cognitoIdentityId",
    "cognitoIdentityPoolId",
    "principalOrgId",
    "user",
    "userArn",
)


@dataclass(frozen=True, kw_only=True)
class Identifiers:
    """The two ids of a request; a REST API has them in two headers of its answer, too."""

    request: str
    extended: str


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """The API key of a request."""

    name: str
    value: str


def rest_event(
    request: Request,
    match: Match[RestMethod],
    body: bytes,
    *,
    api: RestApi,
    path: str,
    identifiers: Identifiers,
    caller: Caller | None,
    api_key: ApiKey | None = None,
) -> dict[str, Any]:
    """Return the event of a request to a REST API. A field without a value is null.

    `path` is as in the request, with its `%xx` and without the stage.
    """
    binary = is_binary(request.headers.get("content-type"), api.binary_media_types)
    event = _event(request, match, _encoded(body, is_text=not binary), path=path, variables=api.stage_variables)
    event["requestContext"] = {
        **_context(request, match.route.path, stage=api.stage, api_id=api.logical_id, identifiers=identifiers),
        "path": f"/{api.stage}{path}",
        "deploymentId": "local",
        "resourceId": f"{zlib.crc32(match.route.path.encode()):08x}",
    }
    if api_key:
        event["requestContext"]["identity"] |= {"apiKey": api_key.value, "apiKeyId": api_key.name}
    if caller:
        event["requestContext"]["authorizer"] = caller.in_event_1()
    return event


def http_api_event_1(
    request: Request, match: Match[Route], body: bytes, *, api: HttpApi, identifier: str, caller: Caller | None
) -> dict[str, Any]:
    """Return the event of a request to an HTTP API in format 1.0. A field without a value is null."""
    path = f"/{api.stage}{request.scope['path']}" if api.stage else request.scope["path"]
    is_text = is_text_type(request.headers.get("content-type", ""))
    event = _event(request, match, _encoded(body, is_text=is_text), path=path, variables=api.stage_variables)
    context = _context(
        request,
        event["resource"],
        stage=api.stage or "$default",
        api_id=api.logical_id,
        identifiers=Identifiers(request=identifier, extended=identifier),
    )
    event["headers"]["Content-Length"] = str(len(body))
    event["multiValueHeaders"]["Content-Length"] = [str(len(body))]
    authorizer = caller.in_event_1() if caller else {"claims": None, "scopes": None}
    event["requestContext"] = {**context, "path": path, "resourceId": None, "authorizer": authorizer}
    return {"version": "1.0", **event}


def _event(
    request: Request,
    match: Match[Any],
    body: tuple[str | None, bool],
    *,
    path: str,
    variables: Mapping[str, str],
) -> dict[str, Any]:
    headers = _multiple(_headers(request))
    query = _multiple(parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return {
        "resource": match.route.path or "$default",
        "path": path,
        "httpMethod": request.method,
        "headers": _last(headers),
        "multiValueHeaders": headers,
        "queryStringParameters": _last(query) or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(match.path_parameters) or None,
        "stageVariables": dict(variables) or None,
        "requestContext": {},
        "body": body[0],
        "isBase64Encoded": body[1],
    }


def _encoded(body: bytes, *, is_text: bool) -> tuple[str | None, bool]:
    return encode_body(body, is_text=is_text) if body else (None, False)


def _context(request: Request, resource: str, *, stage: str, api_id: str, identifiers: Identifiers) -> dict[str, Any]:
    host, now = domain_name(request), datetime.now(UTC)
    return {
        "accountId": ACCOUNT,
        "apiId": api_id,
        "domainName": host,
        "domainPrefix": host.split(".")[0],
        "extendedRequestId": identifiers.extended,
        "httpMethod": request.method,
        "identity": {
            **dict.fromkeys(_IDENTITY),
            "sourceIp": source_ip(request),
            "userAgent": request.headers.get("user-agent"),
        },
        "protocol": f"HTTP/{request.scope['http_version']}",
        "requestId": identifiers.request,
        "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(now.timestamp() * 1000),
        "resourcePath": resource,
        "stage": stage,
    }


def _headers(request: Request) -> list[tuple[str, str]]:
    """Return the headers that reach the function, with the client's names, in the order of the request."""
    server = request.scope["server"] or ("", 80)
    passed = [
        (_CAPITALIZED.get(name.lower(), name), value)
        for name, (_, value) in zip(header_names(request.scope), request.headers.items(), strict=True)
        if name.lower() not in _DROPPED and not name.lower().startswith("x-forwarded-")
    ]
    forwarded_for = [*request.headers.getlist("x-forwarded-for"), source_ip(request)]
    if HEADER not in request.headers:
        passed.append((_CAPITALIZED[HEADER], trace_header(request.scope)))
    return [
        *passed,
        ("X-Forwarded-For", ", ".join(forwarded_for)),
        ("X-Forwarded-Port", str(server[1])),
        ("X-Forwarded-Proto", request.scope["scheme"]),
    ]


def _multiple(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def _last(values: Mapping[str, list[str]]) -> dict[str, str]:
    """Return the last value of each name, as API Gateway does."""
    return {name: each[-1] for name, each in values.items()}
