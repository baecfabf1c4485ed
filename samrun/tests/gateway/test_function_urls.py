"""Function URLs from request to response, with a fake Lambda."""

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from samrun.functions.invoker import (
    FunctionNotFoundError,
    FunctionThrottledError,
    InvocationOptions,
    InvocationResult,
    PayloadTooLargeError,
)
from samrun.gateway import Access, function_url, with_function_urls
from samrun.gateway.request_body import MAX_BODY
from samrun.gateway.responses import message_response
from samrun.template.model.http_apis import Cors, FunctionUrl
from support.fake_invoker import FakeInvoker

URL = FunctionUrl(logical_id="FnUrl", function="Fn", path="/lambda-url/Fn")
ORIGIN = "https://shop.example"
CORS = Cors(
    origins=("*",), methods=("GET", "PUT"), headers=("x-a",), exposed_headers=("x-b",), credentials=True, max_age=60
)
PREFLIGHT = {"origin": ORIGIN, "access-control-request-method": "PUT"}


class OptionsRecorder(FakeInvoker):
    """Fake that keeps the options of its only invocation, too."""

    options: InvocationOptions | None = None

    async def invoke(self, function: str, payload: bytes, options: InvocationOptions | None = None) -> InvocationResult:
        self.options = options
        return await super().invoke(function, payload, options)


def request(
    invoker: FakeInvoker,
    path: str,
    method: str = "GET",
    *,
    url: FunctionUrl = URL,
    warn: Callable[[str], None] = pytest.fail,
    log: Callable[[Access], None] = lambda _: None,
    others: ASGIApp | None = None,
    **options: Any,
) -> httpx.Response:
    """Send a request to the port of a stack with this URL."""
    app = with_function_urls({url.path: function_url(url, invoker, log=log, warn=warn)}, others)

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=("203.0.113.7", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://api.example.com:3000") as client:
            return await client.request(method, path, **options)

    return asyncio.run(send())


def test_event_has_the_path_behind_that_of_the_url_as_the_client_wrote_it() -> None:
    invoker = OptionsRecorder()
    accesses: list[Access] = []
    response = request(invoker, "/lambda-url/Fn/a%2Fb/%C3%A9?q=1&q=2", headers={"cookie": "a=1"}, log=accesses.append)
    event, context = invoker.event, invoker.event["requestContext"]
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", "/a%2Fb/%C3%A9")
    assert (event["queryStringParameters"], event["cookies"]) == ({"q": "1,2"}, ["a=1"])
    assert (context["routeKey"], context["stage"], context["apiId"]) == ("$default", "$default", "FnUrl")
    assert (context["http"]["path"], context["domainName"]) == ("/a%2Fb/%C3%A9", "api.example.com")
    assert not event.keys() & {"pathParameters", "stageVariables"}
    assert invoker.options
    assert context["requestId"] == invoker.options.request_id == response.headers["x-amzn-requestid"]
    assert [(each.function, each.status) for each in accesses] == [("Fn", 200)]


@pytest.mark.parametrize("path", ["/lambda-url/Fn", "/lambda-url/Fn/"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
def test_root_takes_every_method(path: str, method: str) -> None:
    invoker = OptionsRecorder()
    request(invoker, path, method)
    assert (invoker.event["rawPath"], invoker.event["requestContext"]["http"]["method"]) == ("/", method)


def test_binary_body_is_in_base64() -> None:
    invoker = OptionsRecorder()
    request(invoker, "/lambda-url/Fn/", "POST", content=b"a=1", headers={"content-type": "image/png"})
    assert (base64.b64decode(invoker.event["body"]), invoker.event["isBase64Encoded"]) == (b"a=1", True)


def test_url_of_an_alias_invokes_the_alias() -> None:
    invoker = OptionsRecorder()
    url = FunctionUrl(logical_id="FnUrl", function="Fn", path="/lambda-url/Fn:live", qualifier="live")
    request(invoker, "/lambda-url/Fn:live/a", url=url)
    assert invoker.options
    assert invoker.options.qualifier == "live"
    assert invoker.invocations[0][0] == "Fn"


def test_result_is_the_response_or_its_body() -> None:
    result = {"statusCode": 201, "headers": {"X-A": "b"}, "cookies": ["c=1"], "body": "text"}
    response = request(OptionsRecorder(result), "/lambda-url/Fn/")
    assert (response.status_code, response.text) == (201, "text")
    assert (response.headers["x-a"], response.headers["set-cookie"]) == ("b", "c=1")
    response = request(OptionsRecorder({"message": "hello"}), "/lambda-url/Fn/")
    assert (response.status_code, response.json()) == (200, {"message": "hello"})


async def _fail(_name: str, _payload: bytes) -> InvocationResult:
    return InvocationResult.of_error("ValueError", "x")


async def _is_missing(_name: str, _payload: bytes) -> InvocationResult:
    raise FunctionNotFoundError


async def _is_too_small(_name: str, _payload: bytes) -> InvocationResult:
    raise PayloadTooLargeError


@pytest.mark.parametrize("function", [_fail, _is_missing])
def test_function_that_fails_is_answered_with_502(function: Any) -> None:
    response = request(FakeInvoker(function=function), "/lambda-url/Fn/")
    assert (response.status_code, response.text) == (502, "Internal Server Error")


def test_throttled_function_is_answered_with_429() -> None:
    async def refuse(_name: str, _payload: bytes) -> InvocationResult:
        raise FunctionThrottledError("Rate Exceeded.")

    warnings: list[str] = []
    response = request(FakeInvoker(function=refuse), "/lambda-url/Fn/", warn=warnings.append)
    assert (response.status_code, response.text) == (429, "Too Many Requests")
    assert warnings == ["Rate Exceeded."]


def test_terminal_says_what_is_wrong_with_a_malformed_response() -> None:
    warnings: list[str] = []
    assert request(OptionsRecorder({"statusCode": 99}), "/lambda-url/Fn/", warn=warnings.append).status_code == 502
    assert warnings == ["the result of Fn is not a response: statusCode is 99, and not a number from 200 to 599"]


def test_request_that_is_too_large_is_answered_with_413() -> None:
    assert request(FakeInvoker(function=_is_too_small), "/lambda-url/Fn/").status_code == 413
    assert request(OptionsRecorder(), "/lambda-url/Fn/", "POST", content=b"x" * (MAX_BODY + 1)).status_code == 413


def test_other_paths_belong_to_the_apis() -> None:
    assert request(OptionsRecorder(), "/orders").status_code == 404
    assert request(OptionsRecorder(), "/lambda-url/Other/").status_code == 404
    assert request(OptionsRecorder(), "/orders", others=message_response(418, "an API")).status_code == 418


def _with_cors(cors: Cors) -> FunctionUrl:
    return FunctionUrl(logical_id="FnUrl", function="Fn", path="/lambda-url/Fn", cors=cors)


def _cors_headers(response: httpx.Response) -> dict[str, str]:
    return {
        name.removeprefix("access-control-"): value
        for name, value in response.headers.items()
        if name.startswith("access-control-")
    }


def test_preflight_request_is_answered_without_the_function() -> None:
    invoker = OptionsRecorder()
    response = request(invoker, "/lambda-url/Fn/", "OPTIONS", url=_with_cors(CORS), headers=PREFLIGHT)
    assert (response.status_code, invoker.invocations) == (200, [])
    assert _cors_headers(response) == {
        "allow-origin": ORIGIN,
        "allow-methods": "GET,PUT",
        "allow-headers": "x-a",
        "allow-credentials": "true",
        "expose-headers": "x-b",
        "max-age": "60",
    }


def test_configured_headers_are_added_to_those_of_the_function() -> None:
    result = {"statusCode": 200, "headers": {"access-control-allow-origin": "*"}}
    response = request(OptionsRecorder(result), "/lambda-url/Fn/", url=_with_cors(CORS), headers={"origin": ORIGIN})
    assert response.headers.get_list("access-control-allow-origin") == ["*", ORIGIN]
    assert response.headers["access-control-expose-headers"] == "x-b"
    assert response.headers["vary"] == "Origin"


def test_origin_that_is_not_allowed_gets_no_cors_headers() -> None:
    url = _with_cors(Cors(origins=("https://other.example",), methods=("*",)))
    assert _cors_headers(request(OptionsRecorder(), "/lambda-url/Fn/", "OPTIONS", url=url, headers=PREFLIGHT)) == {}
    assert _cors_headers(request(OptionsRecorder(), "/lambda-url/Fn/", url=url, headers={"origin": ORIGIN})) == {}
