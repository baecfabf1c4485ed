"""HTTP API in this process: samrun's gateway in front of handlers, as an ASGI application, without a stack."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from starlette.types import ASGIApp

from samrun.functions.invoker import InvocationOptions, InvocationResult
from samrun.gateway import gateway
from samrun.template.model.http_apis import HttpApi, Route

Handler = Callable[[dict[str, Any]], Mapping[str, Any]]


def in_process_api(routes: Iterable[tuple[str, str, Handler]]) -> ASGIApp:
    """Return an HTTP API with these routes: method, path and handler.

    A handler gets the event in payload format 2.0 and returns the response. No route has an authorizer. A response
    that API Gateway would not understand raises AssertionError.
    """
    named = {f"{method} {path}": (method, path, handler) for method, path, handler in routes}
    api = HttpApi(
        logical_id="HttpApi",
        routes=tuple(Route(method=method, path=path, function=name) for name, (method, path, _) in named.items()),
        openapi_document=None,
    )
    invoker = _HandlerInvoker({name: handler for name, (_, _, handler) in named.items()})
    return gateway(api, invoker, log=lambda _: None, warn=_fail)


def _fail(problem: str) -> NoReturn:
    raise AssertionError(problem)


class _HandlerInvoker:
    """Invokes handlers as functions by name."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers

    async def invoke(self, function: str, payload: bytes, options: InvocationOptions | None = None) -> InvocationResult:
        response = self._handlers[function](json.loads(payload))
        return InvocationResult(request_id="", payload=json.dumps(response).encode())
