"""Web application of a REST API: answers one request, step by step."""

import asyncio
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from samrun.errors import SamrunError
from samrun.functions.invoker import FunctionNotFoundError, FunctionUnavailableError, Invoker, PayloadTooLargeError
from samrun.gateway import rest_errors
from samrun.gateway.access_log import log_access
from samrun.gateway.authorizer_cache import AuthorizerCache
from samrun.gateway.caller import Caller
from samrun.gateway.events import request_id
from samrun.gateway.keys import Fetch, fetch_json
from samrun.gateway.lambda_authorizer import (
    AccessDeniedError,
    AuthorizerFailedError,
    LambdaAuthorizers,
    MissingIdentityError,
)
from samrun.gateway.mapped_requests import Accept, MappedRequests
from samrun.gateway.paths import raw_path, without_trailing_slash
from samrun.gateway.request_body import MAX_BODY, RequestTooLargeError, read_body
from samrun.gateway.request_validator import RequestValidator
from samrun.gateway.resource_policy import PolicyRequest, decide
from samrun.gateway.responses import FunctionFailedError, MalformedResponseError
from samrun.gateway.rest_errors import RestError, error_response
from samrun.gateway.rest_events import ApiKey, Identifiers, rest_event
from samrun.gateway.rest_responses import mock_integration_response, rest_response
from samrun.gateway.routes import Match, Routes
from samrun.gateway.throttling import Throttling
from samrun.gateway.usage_plans import UsagePlans
from samrun.gateway.user_pool_authorizer import UserPoolAuthorizers
from samrun.gateway.velocity import MappingTemplateError
from samrun.services.clients import Clients
from samrun.supervision.access import Access
from samrun.template.model.authorizers import LambdaAuthorizer
from samrun.template.model.rest_apis import RestApi, RestMethod


def rest_gateway(
    api: RestApi,
    invoker: Invoker,
    *,
    log: Callable[[Access], None],
    warn: Callable[[str], None],
    client: Clients,
    accept: Accept,
    fetch: Fetch = fetch_json,
    cache: AuthorizerCache | None = None,
    usage_plans: UsagePlans | None = None,
) -> ASGIApp:
    """Return the web application that serves `api`, at the paths without its stage.

    The scope's `root_path` is the stage with a slash before it if the request has it. `log` gets one Access for each
    request. `warn` gets a line about each problem that makes requests fail. `fetch` gets the keys of user pools.
    Mapped integrations call the services of `client`, and functions by `accept` if nobody waits for the result.
    `cache` has the results of Lambda authorizers, and `usage_plans` counts the requests with API keys; several APIs
    share them.
    """
    return _RestGateway(
        api,
        invoker,
        log,
        warn,
        LambdaAuthorizers(invoker, cache or AuthorizerCache()),
        UserPoolAuthorizers(api, warn=warn, fetch=fetch),
        usage_plans or UsagePlans(),
        MappedRequests(invoker, accept=accept, client=client),
    )


@dataclass(frozen=True, kw_only=True)
class _Call:
    """A request to a method. `path` is without the stage, and with the `%xx` of the request."""

    request: Request
    match: Match[RestMethod]
    path: str
    identifiers: Identifiers

    @property
    def method(self) -> RestMethod:
        return self.match.route


class _RestGateway:
    def __init__(
        self,
        api: RestApi,
        invoker: Invoker,
        log: Callable[[Access], None],
        warn: Callable[[str], None],
        authorizers: LambdaAuthorizers,
        user_pools: UserPoolAuthorizers,
        usage_plans: UsagePlans,
        mapped: MappedRequests,
    ) -> None:
        self._api = api
        self._routes = Routes(api.methods)
        self._throttling = Throttling(api)
        self._validator = RequestValidator(api.methods, warn=warn)
        self._authorizers = authorizers
        self._user_pools = user_pools
        self._usage_plans = usage_plans
        self._mapped = mapped
        self._invoker = invoker
        self._log = log
        self._warn = warn

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # REST APIs pass the path on without decoding it.
        request, path = Request(scope, receive), raw_path(scope)
        identifiers = Identifiers(request=str(uuid.uuid4()), extended=request_id())
        match = self._routes.match(scope["method"], without_trailing_slash(path))
        send = log_access(
            scope,
            send,
            function=match.route.function if match else None,
            log=self._log,
            headers={"x-amzn-requestid": identifiers.request, "x-amz-apigw-id": identifiers.extended},
        )
        try:
            if match is None:
                raise rest_errors.missing_authentication_token()
            response = await self._response(_Call(request=request, match=match, path=path, identifiers=identifiers))
        except RestError as error:
            response = error_response(error, self._api.responses, self._context(request, match, path, identifiers))
        except ClientDisconnect:
            return  # the client is gone
        await response(scope, receive, send)

    async def _response(self, call: _Call) -> Response:
        """Return the response for a call. Raises RestError."""
        method = call.method
        if not self._throttling.allow_request(method):
            raise rest_errors.throttled()
        self._check_policy(call)
        caller = await self._caller(call)
        api_key = self._api_key(call)
        try:
            body = await read_body(call.request)
        except RequestTooLargeError:
            # This answer is not JSON: https://github.com/koki-develop/lgtm-generator/issues/10
            return PlainTextResponse(f"HTTP content length exceeded {MAX_BODY} bytes.", 413)
        self._validator.check(method, call.request, body)
        if method.mock:
            return mock_integration_response(method.mock)
        return await self._integration_response(call, body, self._event(call, body, caller, api_key))

    def _check_policy(self, call: _Call) -> None:
        """Raise a RestError if the resource policy does not let a request in."""
        if self._api.policy is None:
            return
        arn = f"{self._api.arn}/{call.request.method}{call.path}"
        request = PolicyRequest(arn=arn, time=datetime.now(UTC), headers=call.request.headers)
        decision = decide(self._api.policy, request)
        if decision != "allowed":
            raise rest_errors.policy_denied(arn, explicit=decision == "explicitly denied")

    def _api_key(self, call: _Call) -> ApiKey | None:
        """Return the API key of a method that requires one, and count the request. Raises RestError.

        A request to another method does not count, even if it has a key:
        https://github.com/aws-amplify/amplify-js/issues/11391
        """
        if not call.method.api_key_required:
            return None
        value = call.request.headers.get("x-api-key", "")
        if value not in self._api.api_keys:
            raise rest_errors.invalid_api_key()
        if plan := self._api.usage_plans.get(value):
            self._usage_plans.count(plan, value, call.method.key)
        return ApiKey(name=self._api.api_keys[value], value=value)

    async def _integration_response(self, call: _Call, body: bytes, event: dict[str, Any]) -> Response:
        """Return the response of a function or a service. Raises RestError."""
        method = call.method
        name = method.function or "the service"
        integrated = self._mapped.response(method, method.mapped, event, body) if method.mapped else None
        try:
            return await asyncio.wait_for(integrated or self._proxied(call, event), method.timeout)
        except PayloadTooLargeError:
            raise rest_errors.request_too_long() from None
        except MalformedResponseError as error:
            self._warn(f"{method.key}: the result of {name} is not a response: {error}")
            raise rest_errors.internal_server_error() from error
        except MappingTemplateError as error:
            self._warn(f"{method.key}: its mapping template fails: {error}")
            raise rest_errors.no_integration_response() from error
        except (FunctionFailedError, FunctionNotFoundError, FunctionUnavailableError) as error:
            if method.function is None or isinstance(error, FunctionUnavailableError):
                self._warn(f"{method.key}: {error}")
            raise _answer_to_failure(method, error) from error
        except TimeoutError:
            self._warn(f"{method.key}: {name} did not answer within {method.timeout:g} s")
            raise rest_errors.endpoint_timed_out() from None

    async def _proxied(self, call: _Call, event: dict[str, Any]) -> Response:
        result = await self._invoker.invoke(call.method.function or "", json.dumps(event).encode())
        return rest_response(result, call.request, self._api.binary_media_types)

    async def _caller(self, call: _Call) -> Caller | None:
        """Return the caller of a method with an authorizer. Raises RestError."""
        authorizer = call.method.authorizer
        if not isinstance(authorizer, LambdaAuthorizer):
            return await self._user_pools.caller(call.request, call.method)
        event = self._event(call, b"", None, None)
        try:
            return await self._authorizers.caller(
                authorizer, call.request, event, path=call.path, stage_variables=self._api.stage_variables
            )
        except MissingIdentityError:
            raise rest_errors.unauthorized() from None
        except AccessDeniedError as error:
            raise rest_errors.access_denied(explicit=error.explicit) from None
        except AuthorizerFailedError as error:
            self._warn(f"the authorizer {authorizer.name}, {authorizer.function}: {error}")
            raise rest_errors.authorizer_failed() from error

    def _event(self, call: _Call, body: bytes, caller: Caller | None, api_key: ApiKey | None) -> dict[str, Any]:
        return rest_event(
            call.request,
            call.match,
            body,
            api=self._api,
            path=call.path,
            identifiers=call.identifiers,
            caller=caller,
            api_key=api_key,
        )

    def _context(
        self, request: Request, match: Match[RestMethod] | None, path: str, identifiers: Identifiers
    ) -> dict[str, str]:
        return {
            "requestId": identifiers.request,
            "extendedRequestId": identifiers.extended,
            "httpMethod": request.method,
            "path": f"/{self._api.stage}{path}",
            "resourcePath": match.route.path if match else "",
            "stage": self._api.stage,
        }


def _answer_to_failure(method: RestMethod, error: SamrunError) -> RestError:
    if method.function is None or isinstance(error, FunctionFailedError):
        return rest_errors.internal_server_error()
    return rest_errors.invocation_refused()
