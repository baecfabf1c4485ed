"""Web application of function URLs: selects the URL by the path and answers the request.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

import json
from collections.abc import Callable, Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from samrun.functions.invoker import (
    FunctionNotFoundError,
    FunctionUnavailableError,
    InvocationOptions,
    Invoker,
    PayloadTooLargeError,
)
from samrun.gateway.access_log import log_access
from samrun.gateway.cors import is_preflight
from samrun.gateway.events import proxy_event
from samrun.gateway.function_url_cors import add_cors_headers, function_url_preflight_response
from samrun.gateway.paths import raw_path, without_segments
from samrun.gateway.request_body import RequestTooLargeError, read_body
from samrun.gateway.responses import FunctionFailedError, MalformedResponseError, message_response, proxy_response
from samrun.gateway.routes import Match
from samrun.supervision.access import Access
from samrun.template.model.http_apis import FunctionUrl, HttpApi, Route


def with_function_urls(urls: Mapping[str, ASGIApp], others: ASGIApp | None) -> ASGIApp:
    """Return a web application that serves function URLs by their paths, and `others` on all other paths."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = "/".join(scope["path"].split("/")[:3])
        if found := urls.get(path):
            await found(without_segments(scope, 2), receive, send)
        else:
            await (others or message_response(404, "Not Found"))(scope, receive, send)

    return app


def function_url(
    url: FunctionUrl, invoker: Invoker, *, log: Callable[[Access], None], warn: Callable[[str], None]
) -> ASGIApp:
    """Return the web application of a function URL. It expects paths without the URL's prefix.

    `log` gets one Access for each request, and `warn` a line about each result that is not a response. An invocation
    may last as long as the function's timeout.
    """
    return _FunctionUrl(url, invoker, log, warn)


class _FunctionUrl:
    def __init__(
        self, url: FunctionUrl, invoker: Invoker, log: Callable[[Access], None], warn: Callable[[str], None]
    ) -> None:
        self._url = url
        self._invoker = invoker
        self._log = log
        self._warn = warn
        # To the function, a URL looks like an HTTP API with nothing but a default route.
        route = Route(method=None, path=None, function=url.function)
        self._match = Match(route=route, path_parameters={})
        self._api = HttpApi(logical_id=url.logical_id, routes=(route,), openapi_document=None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The id of the request is that of the invocation, so the function's log has it; an API makes its own.
        options = InvocationOptions(qualifier=self._url.qualifier)
        headers = {"x-amzn-requestid": options.request_id}
        send = log_access(scope, send, function=self._url.function, log=self._log, headers=headers)
        request, cors = Request(scope, receive), self._url.cors
        if cors and is_preflight(request):
            await function_url_preflight_response(cors, request)(scope, receive, send)
            return
        try:
            response = await self._response(request, options)
        except ClientDisconnect:
            return  # the client is gone
        if cors:
            add_cors_headers(response.headers, cors, request)
        await response(scope, receive, send)

    async def _response(self, request: Request, options: InvocationOptions) -> Response:
        try:
            event = self._event(request, await read_body(request), options)
            return proxy_response(await self._invoker.invoke(self._url.function, event, options))
        except (RequestTooLargeError, PayloadTooLargeError):
            return message_response(413, "Request Entity Too Large")
        except MalformedResponseError as error:
            self._warn(f"the result of {self._url.function} is not a response: {error}")
            return _failed()
        except FunctionUnavailableError as error:
            self._warn(str(error))
            return PlainTextResponse("Too Many Requests", 429)
        except (FunctionFailedError, FunctionNotFoundError):
            return _failed()

    def _event(self, request: Request, body: bytes, options: InvocationOptions) -> bytes:
        # Unlike an HTTP API, a URL passes the path on without decoding it: https://github.com/hotsock/voker/pull/8
        encoded = Request({**request.scope, "path": raw_path(request.scope)})
        event = proxy_event(encoded, self._match, body, api=self._api, identifier=options.request_id, caller=None)
        return json.dumps(event).encode()


def _failed() -> Response:
    return PlainTextResponse("Internal Server Error", 502)
