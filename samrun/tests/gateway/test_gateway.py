"""The gateway from request to response, with a fake Lambda."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samrun.functions.invoker import (
    FunctionNotFoundError,
    FunctionThrottledError,
    InvocationResult,
    PayloadTooLargeError,
)
from samrun.gateway import Access, gateway
from samrun.template.model.http_apis import HttpApi, Route
from support.fake_invoker import FakeInvoker, success

# The event of the request in `test_event_has_the_fields_of_payload_format_2`, without the fields that change.
EVENT = Path(__file__).with_name("event.json")
ROUTES = (
    Route(method="POST", path="/orders", function="Order"),
    Route(method="GET", path="/orders/{order_id}", function="Order"),
    Route(method="ANY", path="/files/{proxy+}", function="Files"),
)


class Api:
    """An API with ROUTES behind the gateway, and its access log. Without `warn`, a warning fails the test."""

    def __init__(
        self,
        invoker: FakeInvoker,
        *,
        routes: tuple[Route, ...] = ROUTES,
        document: Path | None = None,
        timeout: float = 30,
        warn: Callable[[str], None] = pytest.fail,
        **properties: Any,
    ) -> None:
        self.accesses: list[Access] = []
        api = HttpApi(logical_id="OrderApi", routes=routes, openapi_document=document, **properties)
        self._app = gateway(api, invoker, log=self.accesses.append, warn=warn, timeout=timeout)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self.send(method, path, **options))

    async def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, client=("203.0.113.7", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://api.example.com:3000") as client:
            return await client.request(method, path, **options)


def respond(result: Any) -> httpx.Response:
    """Return the client's response for a function that returned `result`."""
    return Api(FakeInvoker(result)).request("GET", "/orders/7")


# ---------------------------------------------------------------- the event


REQUEST_HEADERS = [
    ("Header1", "value1"),
    ("Header2", "value1"),
    ("Header2", "value2"),
    ("Cookie", "cookie1=a; cookie2=b"),
    ("User-Agent", "agent"),
    ("Content-Type", "application/json; charset=utf-8"),
]


def test_event_has_the_fields_of_payload_format_2() -> None:
    invoker = FakeInvoker()
    Api(invoker).request(
        "POST",
        "/orders?parameter1=value1&parameter1=value2&parameter2=a%20value&empty=",
        headers=REQUEST_HEADERS,
        content=b'{"message":"Hello from client!"}',
    )
    event = invoker.event
    context = event["requestContext"]
    trace_id = event["headers"].pop("x-amzn-trace-id")
    request_id, time, epoch = context.pop("requestId"), context.pop("time"), context.pop("timeEpoch")
    assert event["headers"].pop("accept-encoding")
    assert event == json.loads(EVENT.read_bytes())
    assert re.fullmatch(r"[\w-]{15}=", request_id)
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", trace_id)
    assert datetime.strptime(time, "%d/%b/%Y:%H:%M:%S %z").timestamp() == epoch // 1000


def test_event_has_no_field_for_a_missing_part_of_the_request() -> None:
    invoker = FakeInvoker()
    Api(invoker).request("DELETE", "/files/a")
    assert invoker.event.keys() == {
        "version",
        "routeKey",
        "rawPath",
        "rawQueryString",
        "headers",
        "pathParameters",
        "requestContext",
        "isBase64Encoded",
    }
    assert invoker.event["rawQueryString"] == ""
    assert invoker.event["headers"]["content-length"] == "0"


def test_event_has_path_and_parameters_decoded_and_the_query_string_raw() -> None:
    invoker = FakeInvoker()
    Api(invoker).request("GET", "/orders/%E2%98%95%20Coffee?q=C%23")
    assert invoker.event["rawPath"] == "/orders/☕ Coffee"
    assert invoker.event["pathParameters"] == {"order_id": "☕ Coffee"}
    assert invoker.event["rawQueryString"] == "q=C%23"
    assert invoker.event["queryStringParameters"] == {"q": "C#"}


def test_event_keeps_the_clients_forwarded_for_and_trace_id() -> None:
    invoker = FakeInvoker()
    headers = {"x-forwarded-for": "198.51.100.1", "x-amzn-trace-id": "Root=1-abc"}
    Api(invoker).request("GET", "/orders/7", headers=headers)
    assert invoker.event["headers"]["x-forwarded-for"] == "198.51.100.1, 203.0.113.7"
    assert invoker.event["headers"]["x-amzn-trace-id"] == "Root=1-abc"


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "TEXT/csv", "application/json", "application/xml;charset=utf-8", "application/javascript"],
)
def test_text_body_is_passed_unchanged(content_type: str) -> None:
    invoker = FakeInvoker()
    Api(invoker).request("POST", "/orders", content="☕".encode(), headers={"content-type": content_type})
    assert (invoker.event["body"], invoker.event["isBase64Encoded"]) == ("☕", False)


def test_text_that_is_not_utf_8_is_passed_in_base64() -> None:
    invoker = FakeInvoker()
    Api(invoker).request("POST", "/orders", content=b"caf\xe9", headers={"content-type": "text/plain"})
    assert (invoker.event["body"], invoker.event["isBase64Encoded"]) == ("Y2Fm6Q==", True)


def test_event_has_the_stage_and_its_variables() -> None:
    invoker = FakeInvoker()
    Api(invoker, stage="beta", stage_variables={"colour": "blue"}).request("POST", "/orders")
    context = invoker.event["requestContext"]
    assert (invoker.event["rawPath"], context["http"]["path"], context["stage"]) == ("/beta/orders",) * 2 + ("beta",)
    assert invoker.event["stageVariables"] == {"colour": "blue"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        *({"content-type": name} for name in ("image/png", "application/x-www-form-urlencoded", "application/ld+json")),
    ],
)
def test_other_body_is_passed_in_base64(headers: dict[str, str]) -> None:
    invoker = FakeInvoker()
    Api(invoker).request("POST", "/orders", content=b"\x00\xff", headers=headers)
    assert (invoker.event["body"], invoker.event["isBase64Encoded"]) == ("AP8=", True)


# ---------------------------------------------------------------- the response


def test_response_has_the_functions_status_headers_cookies_and_body() -> None:
    response = respond(
        {
            "statusCode": 201,
            "headers": {"Content-Type": "application/problem+json", "X-Count": 3, "X-New": True, "Content-Length": "9"},
            "cookies": ["a=1; Secure", "b=2"],
            "body": '{"order_id":"7"}',
        }
    )
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.headers["x-count"], response.headers["x-new"]) == ("3", "true")
    assert response.headers["content-length"] == "16"
    assert response.headers.get_list("set-cookie") == ["a=1; Secure", "b=2"]
    assert response.json() == {"order_id": "7"}
    assert re.fullmatch(r"[\w-]{15}=", response.headers["apigw-requestid"])


def test_body_without_content_type_is_plain_text() -> None:
    response = respond({"statusCode": 200, "body": "☕"})
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text == "☕"


def test_base64_body_is_decoded() -> None:
    response = respond({"statusCode": "200", "body": "AP8=", "isBase64Encoded": True})
    assert response.content == b"\x00\xff"


def test_response_204_has_no_body() -> None:
    response = respond({"statusCode": 204, "body": "ignored"})
    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.parametrize(
    ("result", "body"),
    [({"order_id": "7"}, b'{"order_id": "7"}'), ([1], b"[1]"), (None, b"null"), (7, b"7"), ("plain", b"plain")],
)
def test_result_without_status_code_is_the_body(result: Any, body: bytes) -> None:
    response = respond(result)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.content == body


@pytest.mark.parametrize(
    ("result", "fault"),
    [
        ({"statusCode": 0}, "statusCode is 0, and not a number"),
        ({"statusCode": None}, "statusCode is None, and not a number"),
        ({"statusCode": 200.5}, "statusCode is 200.5, and not a number"),
        ({"statusCode": "ok"}, "statusCode is 'ok', and not a number"),
        ({"statusCode": True}, "statusCode is True, and not a number"),
        ({"statusCode": 700}, "statusCode is 700, and not a number from 200 to 599"),
        ({"statusCode": 101}, "statusCode is 101, and not a number"),
        ({"statusCode": 200, "body": {"an": "object"}}, "body is an object, and not a string"),
        ({"statusCode": 200, "body": "no base64", "isBase64Encoded": True}, "body is not base64"),
        ({"statusCode": 200, "headers": ["a"]}, "headers is a list, and not an object"),
        ({"statusCode": 200, "headers": {"a": ["b"]}}, "the header a is a list, and not a string"),
        ({"statusCode": 200, "headers": {"a b": "c"}}, "'a b' is not the name of a header"),
        ({"statusCode": 200, "headers": {"a": "b\r\nset-cookie: c=d"}}, "a header has control characters"),
        ({"statusCode": 200, "headers": {"a": "☕"}}, "a header has control characters, or characters outside Latin-1"),
        ({"statusCode": 200, "cookies": "a=1"}, "cookies is not a list of strings"),
        ({"statusCode": 200, "cookies": ["a=1\nb: c"]}, "a header has control characters"),
    ],
)
def test_malformed_response_is_an_internal_server_error_and_the_terminal_says_what_is_wrong(
    result: Any, fault: str
) -> None:
    warnings: list[str] = []
    response = Api(FakeInvoker(result), warn=warnings.append).request("GET", "/orders/7")
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    [warning] = warnings
    assert warning.startswith("GET /orders/{order_id}: the result of Order is not a response: ")
    assert fault in warning


def test_failed_function_is_an_internal_server_error_without_its_message() -> None:
    async def fail(_name: str, _payload: bytes) -> InvocationResult:
        return InvocationResult.of_error("ValueError", "ada@example.com")

    response = Api(FakeInvoker(function=fail)).request("GET", "/orders/7")
    assert (response.status_code, response.text) == (500, '{"message":"Internal Server Error"}')


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (FunctionNotFoundError("Order"), 500, "Internal Server Error"),
        (PayloadTooLargeError("Order"), 413, "Request Entity Too Large"),
    ],
)
def test_errors_of_lambda_have_api_gateways_answers(error: Exception, status: int, text: str) -> None:
    async def fail(_name: str, _payload: bytes) -> InvocationResult:
        raise error

    response = Api(FakeInvoker(function=fail)).request("GET", "/orders/7")
    assert (response.status_code, response.json()) == (status, {"message": text})


def test_throttled_function_is_answered_with_503() -> None:
    async def refuse(_name: str, _payload: bytes) -> InvocationResult:
        raise FunctionThrottledError("Rate Exceeded.")

    warnings: list[str] = []
    response = Api(FakeInvoker(function=refuse), warn=warnings.append).request("GET", "/orders/7")
    assert (response.status_code, response.text) == (503, '{"message":"Service Unavailable"}')
    assert warnings == ["GET /orders/{order_id}: Rate Exceeded."]


def test_slow_function_is_answered_with_503() -> None:
    async def dawdle(_name: str, _payload: bytes) -> InvocationResult:
        await asyncio.sleep(60)
        return success({})

    warnings: list[str] = []
    response = Api(FakeInvoker(function=dawdle), timeout=0.01, warn=warnings.append).request("GET", "/orders/7")
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})
    assert warnings == ["GET /orders/{order_id}: Order did not answer within 0.01 s"]


def test_route_has_its_own_timeout() -> None:
    async def dawdle(_name: str, _payload: bytes) -> InvocationResult:
        await asyncio.sleep(60)
        return success({})

    route = Route(method="GET", path="/slow", function="Slow", timeout=0.01)
    warnings: list[str] = []
    response = Api(FakeInvoker(function=dawdle), routes=(route,), warn=warnings.append).request("GET", "/slow")
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})
    assert warnings == ["GET /slow: Slow did not answer within 0.01 s"]


def test_body_over_10_mb_is_refused_without_an_invocation() -> None:
    invoker = FakeInvoker()
    api = Api(invoker)
    assert api.request("POST", "/orders", content=bytes(10 * 1024 * 1024)).status_code == 200
    response = api.request("POST", "/orders", content=bytes(10 * 1024 * 1024 + 1))
    assert (response.status_code, response.json()) == (413, {"message": "Request Entity Too Large"})
    assert len(invoker.invocations) == 1


def test_disconnected_client_gets_no_answer_and_no_invocation() -> None:
    invoker = FakeInvoker()
    api = HttpApi(logical_id="OrderApi", routes=ROUTES, openapi_document=None)
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/orders",
        "query_string": b"",
        "headers": [],
        "client": ("203.0.113.7", 50000),
        "server": ("127.0.0.1", 3000),
    }
    sent: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(part: Any) -> None:
        sent.append(part)

    accesses: list[Access] = []
    asyncio.run(gateway(api, invoker, log=accesses.append, warn=pytest.fail)(scope, receive, send))
    assert (sent, accesses, invoker.invocations) == ([], [], [])


def test_request_without_a_route_is_not_found() -> None:
    invoker = FakeInvoker()
    response = Api(invoker).request("PUT", "/orders")
    assert (response.status_code, response.text) == (404, '{"message":"Not Found"}')
    assert "apigw-requestid" in response.headers
    assert invoker.invocations == []


def _keeps_its_segments(path: str) -> bool:
    # A client removes "." and ".." from a path before it sends the request.
    return not {".", ".."} & set(path.split("/"))


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "BREW"]), path=st.text().filter(_keeps_its_segments), query=st.text()
)
def test_any_path_and_query_becomes_an_event_or_404(method: str, path: str, query: str) -> None:
    invoker = FakeInvoker({"statusCode": 200})
    target = f"/files/{quote(path, errors='replace')}?{quote(query, errors='replace', safe='&=+')}"
    response = Api(invoker).request(method, target)
    assert response.status_code == (200 if path else 404)
    assert len(invoker.invocations) == bool(path)


# ---------------------------------------------------------------- the access log


def test_access_log_has_each_request_once_without_its_query() -> None:
    api = Api(FakeInvoker({"statusCode": 202}))
    api.request("POST", "/orders?email=ada@example.com")
    api.request("GET", "/nothing%0Ahere")
    [found, missing] = api.accesses
    assert (found.method, found.path, found.status, found.function) == ("POST", "/orders", 202, "Order")
    assert 0 < found.milliseconds < 5000
    assert (missing.path, missing.status, missing.function) == ("/nothing%0Ahere", 404, None)


# ---------------------------------------------------------------- the OpenAPI document


def test_openapi_document_is_read_on_each_request(tmp_path: Path) -> None:
    document = tmp_path / "openapi.json"
    api = Api(FakeInvoker(), document=document)
    for title in ("before", "after"):
        document.write_text(json.dumps({"openapi": "3.1.0", "info": {"title": title}}))
        assert api.request("GET", "/openapi.json").json()["info"]["title"] == title


def test_error_about_a_missing_document_says_where_it_is_named(tmp_path: Path) -> None:
    response = Api(FakeInvoker(), document=tmp_path / "openapi.json").request("GET", "/openapi.json")
    assert response.status_code == 404
    assert str(tmp_path / "openapi.json") in response.json()["message"]
    assert "Metadata.OpenApiDocument of OrderApi" in response.json()["message"]


def test_docs_page_loads_everything_from_the_gateway(tmp_path: Path) -> None:
    api = Api(FakeInvoker(), document=tmp_path / "openapi.json")
    page = api.request("GET", "/docs")
    assert page.headers["content-type"].startswith("text/html")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) == 5
    assert {api.request("GET", path).status_code for path in loaded} == {200}


def test_api_without_a_document_has_no_docs() -> None:
    assert Api(FakeInvoker()).request("GET", "/docs").json() == {"message": "Not Found"}


@pytest.mark.parametrize(
    "path", ["/docs/static/../../app.py", "/docs/static/%2e%2e/app.py", "/docs/swagger-ui/%00", "/docs/static/"]
)
def test_docs_serve_no_other_files(path: str, tmp_path: Path) -> None:
    assert Api(FakeInvoker(), document=tmp_path / "openapi.json").request("GET", path).status_code == 404


def test_route_of_the_template_comes_before_the_docs(tmp_path: Path) -> None:
    everything = Route(method=None, path=None, function="Everything")
    api = Api(FakeInvoker("mine"), routes=(everything,), document=tmp_path / "openapi.json")
    assert api.request("GET", "/docs").text == "mine"
