"""Web application of an HTTP API: answers one request, step by step."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from samrun.functions.invoker import FunctionNotFoundError, FunctionUnavailableError, Invoker, PayloadTooLargeError
from samrun.gateway.access_log import log_access
from samrun.gateway.authorizer import Authorizers, RefusedError
from samrun.gateway.authorizer_cache import AuthorizerCache
from samrun.gateway.caller import Caller
from samrun.gateway.cors import is_preflight, preflight_response, set_cors_headers
from samrun.gateway.docs import docs
from samrun.gateway.errors import GatewayError
from samrun.gateway.events import proxy_event, request_id
from samrun.gateway.lambda_authorizer import (
    AccessDeniedError,
    AuthorizerFailedError,
    LambdaAuthorizers,
    MissingIdentityError,
)
from samrun.gateway.parameter_mapping import mapped_parameters
from samrun.gateway.request_body import RequestTooLargeError, read_body
from samrun.gateway.responses import FunctionFailedError, MalformedResponseError, message_response, proxy_response
from samrun.gateway.rest_events import http_api_event_1
from samrun.gateway.routes import Match, Routes
from samrun.gateway.sqs_integration import call_send_message
from samrun.gateway.throttling import Throttling
from samrun.services.clients import Clients
from samrun.supervision.access import Access
from samrun.template.model.authorizers import LambdaAuthorizer, PayloadFormat
from samrun.template.model.http_apis import HttpApi, Route

# The longest time that an integration of an HTTP API may take. It is fixed.
INTEGRATION_TIMEOUT = 30.0


def _no_client(service: str) -> Any:
    raise LookupError(f"this gateway has no client of {service}")


def gateway(
    api: HttpApi,
    invoker: Invoker,
    *,
    log: Callable[[Access], None],
    warn: Callable[[str], None],
    timeout: float = INTEGRATION_TIMEOUT,
    cache: AuthorizerCache | None = None,
    client: Clients = _no_client,
    token: Callable[[], str | None] = lambda: None,
) -> Starlette:
    """Return the web application that serves `api`, and the page of its OpenAPI document at /docs if it has one.

    `log` gets one Access for each request. `warn` gets a line about each problem that makes requests fail.
    `timeout` is in seconds. `cache` has the results of Lambda authorizers; several APIs may share it. `client` makes
    the boto3 clients for the routes that call a service; an API without such a route needs none. `token` returns the
    token with which the page of the docs tries the API.
    """
    app = Starlette()
    # As the default and not as a route: Starlette's routes would refuse some paths that the template may have.
    app.router.default = _Gateway(api, invoker, log, warn, timeout, cache or AuthorizerCache(), client, token)
    return app


class _Gateway:
    def __init__(
        self,
        api: HttpApi,
        invoker: Invoker,
        log: Callable[[Access], None],
        warn: Callable[[str], None],
        timeout: float,
        cache: AuthorizerCache,
        client: Clients,
        token: Callable[[], str | None],
    ) -> None:
        self._api = api
        self._routes = Routes(api.routes)
        self._throttling = Throttling(api)
        self._authorizers = Authorizers(api, warn=warn)
        self._lambda_authorizers = LambdaAuthorizers(invoker, cache)
        self._docs = docs(api, token)
        self._invoker = invoker
        self._log = log
        self._warn = warn
        self._timeout = timeout
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, identifier = Request(scope, receive), request_id()
        match = self._routes.match(request.method, scope["path"])
        send = log_access(
            scope,
            send,
            function=_target(match.route) if match else None,
            log=self._log,
            headers={"apigw-requestid": identifier},
        )
        if match is None:
            # The routes come first: an ANY route gets preflight requests, too, as in API Gateway.
            preflight = (
                preflight_response(self._api.cors, request) if self._api.cors and is_preflight(request) else None
            )
            await (preflight or self._docs)(scope, receive, send)
            return
        try:
            response = await self._response(request, match, identifier)
        except ClientDisconnect:
            return  # the client is gone
        if self._api.cors:
            set_cors_headers(response.headers, self._api.cors, request)
        await response(scope, receive, send)

    async def _response(self, request: Request, match: Match[Route], identifier: str) -> Response:
        route = match.route
        if not self._throttling.allow_request(route):
            return message_response(429, "Too Many Requests")
        try:
            caller = await self._caller(request, match, identifier)
            body = await read_body(request)
            answer = self._answer(request, match, body, identifier, caller)
            return await asyncio.wait_for(answer, route.timeout or self._timeout)
        except (RefusedError, MissingIdentityError, AccessDeniedError, AuthorizerFailedError) as refused:
            return self._refusal(refused, route)
        except (RequestTooLargeError, PayloadTooLargeError):
            return message_response(413, "Request Entity Too Large")
        except MalformedResponseError as error:
            self._warn(f"{route.key}: the result of {_target(route)} is not a response: {error}")
            return message_response(500, "Internal Server Error")
        except (FunctionNotFoundError, FunctionFailedError):
            return message_response(500, "Internal Server Error")
        except FunctionUnavailableError as error:
            # No page of AWS gives the status. This one is that of an integration without an answer: a client may retry.
            self._warn(f"{route.key}: {error}")
            return message_response(503, "Service Unavailable")
        except TimeoutError:
            self._warn(f"{route.key}: {_target(route)} did not answer within {route.timeout or self._timeout:g} s")
            return message_response(503, "Service Unavailable")

    async def _answer(
        self, request: Request, match: Match[Route], body: bytes, identifier: str, caller: Caller | None
    ) -> Response:
        """Return the answer of the route's function or service."""
        route = match.route
        if route.service:
            event = self._event(request, match, body, identifier, caller, "1.0")
            event["requestContext"]["routeKey"] = route.key
            parameters = mapped_parameters(route.service.parameters, event, body)
            return await asyncio.to_thread(call_send_message, parameters, client=self._client, request_id=identifier)
        payload = json.dumps(self._event(request, match, body, identifier, caller, route.payload_format)).encode()
        return proxy_response(await self._invoker.invoke(_target(route), payload), route.payload_format)

    async def _caller(self, request: Request, match: Match[Route], identifier: str) -> Caller | None:
        """Return the caller of a route with an authorizer. Raises the errors of the authorizers."""
        authorizer = match.route.authorizer
        if not isinstance(authorizer, LambdaAuthorizer):
            return await self._authorizers.caller(request, match.route)
        event = self._event(request, match, b"", identifier, None, authorizer.payload_format)
        return await self._lambda_authorizers.caller(
            authorizer, request, event, path=request.scope["path"], stage_variables=self._api.stage_variables
        )

    def _event(
        self,
        request: Request,
        match: Match[Route],
        body: bytes,
        identifier: str,
        caller: Caller | None,
        payload_format: PayloadFormat,
    ) -> dict[str, Any]:
        build = http_api_event_1 if payload_format == "1.0" else proxy_event
        return build(request, match, body, api=self._api, identifier=identifier, caller=caller)

    def _refusal(self, error: GatewayError, route: Route) -> Response:
        match error:
            case RefusedError():
                response = message_response(error.status, "Unauthorized" if error.status == 401 else "Forbidden")
                response.headers["www-authenticate"] = error.challenge
                return response
            case MissingIdentityError():
                return message_response(401, "Unauthorized")
            case AccessDeniedError():
                return message_response(403, "Forbidden")
            case _:
                name = route.authorizer.name if route.authorizer else ""
                self._warn(f"{route.key}: the authorizer {name} failed: {error}")
                return message_response(500, "Internal Server Error")


def _target(route: Route) -> str:
    """Return the name of the function of a route, or of its service integration."""
    return route.function or (route.service.subtype if route.service else "")
