"""Lambda authorizers: functions that decide who may call a method or a route.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

import asyncio
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from samrun.functions.invoker import FunctionNotFoundError, FunctionUnavailableError, Invoker, PayloadTooLargeError
from samrun.gateway.authorizer_cache import AuthorizerCache, AuthorizerResult
from samrun.gateway.errors import GatewayError
from samrun.gateway.json_text import json_text
from samrun.gateway.policy import PolicyError, evaluate
from samrun.json_path import part
from samrun.template.model.authorizers import LambdaAuthorizer


class MissingIdentityError(GatewayError):
    """The request lacks an identity source, or the authorizer's function calls it unauthorized."""


class AccessDeniedError(GatewayError):
    """The authorizer denies the request. `explicit`: a statement of its policy denies it."""

    def __init__(self, *, explicit: bool) -> None:
        super().__init__("explicitly denied" if explicit else "not allowed")
        self.explicit = explicit


class AuthorizerFailedError(GatewayError):
    """The authorizer's function failed, or its result is not one of an authorizer; the message says what is wrong."""


@dataclass(frozen=True, kw_only=True)
class LambdaCaller:
    """The principal and the context that an authorizer's function returned, and the milliseconds that it took."""

    principal: str
    context: Mapping[str, Any]
    milliseconds: int

    def in_event(self) -> dict[str, Any]:
        """Return `requestContext.authorizer` of an event in format 2.0: the context as it is."""
        return {"lambda": dict(self.context) or None}

    def in_event_1(self) -> dict[str, Any]:
        """Return `requestContext.authorizer` of an event in format 1.0, in which every value is a string."""
        texts = {name: json_text(value) for name, value in self.context.items() if value is not None}
        return {**texts, "principalId": self.principal, "integrationLatency": self.milliseconds}


class LambdaAuthorizers:
    """The Lambda authorizers of an API. Their results are cached in `cache`."""

    def __init__(self, invoker: Invoker, cache: AuthorizerCache) -> None:
        self._invoker = invoker
        self._cache = cache

    async def caller(
        self,
        authorizer: LambdaAuthorizer,
        request: Request,
        event: Mapping[str, Any],
        *,
        path: str,
        stage_variables: Mapping[str, str],
    ) -> LambdaCaller:
        """Return the caller of a request if the authorizer allows it.

        `event` is the event of the request for the format of the authorizer, without a body. `path` has no stage.
        Raises MissingIdentityError, AccessDeniedError and AuthorizerFailedError.
        """
        identity = _identity(authorizer, request, event, stage_variables)
        arn = f"{authorizer.api_arn}/{request.method}{path}"
        result = await self._result(authorizer, identity, _payload(authorizer, identity, event, arn))
        _check(authorizer, result.payload, arn)
        return LambdaCaller(
            principal=str(result.payload.get("principalId", "")),
            context=_context(authorizer, result.payload),
            milliseconds=result.milliseconds,
        )

    async def _result(
        self, authorizer: LambdaAuthorizer, identity: tuple[str, ...], payload: Mapping[str, Any]
    ) -> AuthorizerResult:
        """Return the result for an identity, from the cache while it lasts."""
        if cached := self._cache.get(authorizer, identity):
            return cached
        started = time.perf_counter()
        answer = await self._invoke(authorizer, payload)
        result = AuthorizerResult(payload=answer, milliseconds=int((time.perf_counter() - started) * 1000))
        self._cache.put(authorizer, identity, result)
        return result

    async def _invoke(self, authorizer: LambdaAuthorizer, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        invocation = self._invoker.invoke(authorizer.function, json.dumps(payload).encode())
        try:
            result = await asyncio.wait_for(invocation, authorizer.timeout)
        except TimeoutError:
            raise AuthorizerFailedError(f"it did not answer within {authorizer.timeout:g} s") from None
        except (FunctionNotFoundError, FunctionUnavailableError, PayloadTooLargeError) as error:
            raise AuthorizerFailedError(str(error)) from error
        if result.function_error:
            if result.error_message == "Unauthorized":
                raise MissingIdentityError
            raise AuthorizerFailedError(f"it failed with {result.error_type}")
        answer = json.loads(result.payload)
        if not isinstance(answer, dict):
            raise AuthorizerFailedError(f"it returned {answer!r}, and not an object")
        return answer


def _identity(
    authorizer: LambdaAuthorizer, request: Request, event: Mapping[str, Any], stage_variables: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the values of the identity sources. Raises MissingIdentityError if one is missing."""
    values = []
    for source in authorizer.identity_sources:
        place, _, name = source.partition(".")
        match place:
            case "header":
                value = ",".join(request.headers.getlist(name))
            case "querystring":
                value = ",".join(request.query_params.getlist(name))
            case "stageVariables":
                value = stage_variables.get(name, "")
            case _:
                value = _in_context(event["requestContext"], name)
        if not value:
            raise MissingIdentityError
        values.append(value)
    if authorizer.token_pattern and not _has_form(values[0], authorizer.token_pattern):
        raise MissingIdentityError
    return tuple(values)


def _has_form(token: str, pattern: str) -> bool:
    try:
        return re.match(pattern, token) is not None
    except re.error as error:
        raise AuthorizerFailedError(f"its IdentityValidationExpression {pattern!r} cannot be read: {error}") from error


def _in_context(context: Any, name: str) -> str:
    """Return a value of the request's context by its path, such as `identity.sourceIp`."""
    found = part(context, name, missing=None)
    return "" if found is None else str(found)


def _payload(
    authorizer: LambdaAuthorizer, identity: tuple[str, ...], event: Mapping[str, Any], arn: str
) -> Mapping[str, Any]:
    if authorizer.kind == "TOKEN":
        return {"type": "TOKEN", "methodArn": arn, "authorizationToken": identity[0]}
    request = {name: value for name, value in event.items() if name not in {"body", "isBase64Encoded"}}
    match event.get("version"):
        case "2.0":
            return {**request, "type": "REQUEST", "routeArn": arn, "identitySource": list(identity)}
        case "1.0":
            joined = ",".join(identity)
            sources = {"identitySource": joined, "authorizationToken": joined}
            return {**request, "type": "REQUEST", "methodArn": arn, **sources}
        case _:
            return {**request, "type": "REQUEST", "methodArn": arn}


def _check(authorizer: LambdaAuthorizer, answer: Mapping[str, Any], arn: str) -> None:
    """Raise AccessDeniedError if the answer of an authorizer does not allow a request."""
    if authorizer.simple_responses:
        if not isinstance(answer.get("isAuthorized"), bool):
            raise AuthorizerFailedError(f"isAuthorized is {answer.get('isAuthorized')!r}, and not true or false")
        if not answer["isAuthorized"]:
            raise AccessDeniedError(explicit=False)
        return
    if not answer.get("principalId"):
        raise AuthorizerFailedError("its result has no principalId")
    try:
        decision = evaluate(answer.get("policyDocument"), arn)
    except PolicyError as error:
        raise AuthorizerFailedError(f"its {error}") from error
    if decision != "allowed":
        raise AccessDeniedError(explicit=decision == "explicitly denied")


def _context(authorizer: LambdaAuthorizer, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    context = answer.get("context") or {}
    if not isinstance(context, dict):
        raise AuthorizerFailedError(f"context is {context!r}, and not an object")
    nested = [name for name, value in context.items() if isinstance(value, dict | list)]
    if nested and authorizer.payload_format == "1.0":
        raise AuthorizerFailedError(f"context has an object or a list in {', '.join(nested)}; values are plain")
    return context
