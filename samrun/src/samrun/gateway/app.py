"""The gateway's web application: one request, step by step."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from local.gateway.authorizer import Authorizers, RefusedError
from local.gateway.docs import docs
from local.gateway.events import proxy_event, request_id
from local.gateway.responses import MalformedResponseError, message, proxy_response
from local.gateway.routes import Match, Routes
from local.gateway.throttling import Throttling
from local.invoker import FunctionNotFoundError, Invoker, PayloadTooLargeError
from local.model import HttpApi

# API Gateway's quotas for HTTP APIs; neither can be raised.
INTEGRATION_TIMEOUT = 30.0
MAX_BODY = 10 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Access:
    """One line of the access log. `path` is percent-encoded; `function` is None where no route matched."""

    method: str
    path: str
    status: int
    milliseconds: float
    function: str | None


def gateway(
    api: HttpApi,
    invoker: Invoker,
    *,
    log: Callable[[Access], None],
    warn: Callable[[str], None],
    timeout: float = INTEGRATION_TIMEOUT,
) -> Starlette:
    """Return the web application that serves `api`, and at /docs its OpenAPI document where it has one.

    `log` gets one Access per request, `warn` a line about what keeps requests from being answered as they should;
    `timeout` is in seconds.
    """
    app = Starlette()
    # Not a route: every path is the template's to match, also one that Starlette's routes would refuse.
    app.router.default = _Gateway(api, invoker, log, warn, timeout)
    return app


class _RequestTooLargeError(Exception):
    """The body of the request is over API Gateway's 10 MB."""


class _Gateway:
    def __init__(
        self,
        api: HttpApi,
        invoker: Invoker,
        log: Callable[[Access], None],
        warn: Callable[[str], None],
        timeout: float,
    ) -> None:
        self._api = api
        self._routes = Routes(api.routes)
        self._throttling = Throttling(api)
        self._authorizers = Authorizers(api, warn=warn)
        self._docs = docs(api)
        self._invoker = invoker
        self._log = log
        self._timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        match = self._routes.match(request.method, scope["path"])
        started = time.perf_counter()
        identifier = request_id()

        async def send_and_log(part: Message) -> None:
            if part["type"] == "http.response.start":
                MutableHeaders(scope=part)["apigw-requestid"] = identifier
                self._log(
                    Access(
                        method=request.method,
                        path=quote(scope["path"]),
                        status=part["status"],
                        milliseconds=(time.perf_counter() - started) * 1000,
                        function=match.route.function if match else None,
                    )
                )
            await send(part)

        if match is None:
            await self._docs(scope, receive, send_and_log)
            return
        try:
            response = await self._response(request, match, identifier)
        except ClientDisconnect:
            return  # nobody is left to answer
        await response(scope, receive, send_and_log)

    async def _response(self, request: Request, match: Match, identifier: str) -> Response:
        if not self._throttling.lets_through(match.route):
            return message(429, "Too Many Requests")
        try:
            caller = await self._authorizers.caller(request, match.route)
            body = await _body(request)
            event = proxy_event(request, match, body, api_id=self._api.logical_id, identifier=identifier, caller=caller)
            invocation = self._invoker.invoke(match.route.function, json.dumps(event).encode())
            return proxy_response(await asyncio.wait_for(invocation, self._timeout))
        except RefusedError as refused:
            return _refusal(refused)
        except (_RequestTooLargeError, PayloadTooLargeError):
            return message(413, "Request Entity Too Large")
        except (FunctionNotFoundError, MalformedResponseError):
            return message(500, "Internal Server Error")
        except TimeoutError:
            return message(503, "Service Unavailable")


def _refusal(refused: RefusedError) -> Response:
    """Return the answer to a request that is not let through."""
    response = message(refused.status, "Unauthorized" if refused.status == 401 else "Forbidden")
    response.headers["www-authenticate"] = refused.challenge
    return response


async def _body(request: Request) -> bytes:
    """Return the request's body; stop reading where it is over the limit."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise _RequestTooLargeError
    return bytes(body)
