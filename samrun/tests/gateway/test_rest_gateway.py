"""The gateway of a REST API from request to response, with a fake Lambda."""

import asyncio
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from samrun.functions.invoker import (
    FunctionNotFoundError,
    FunctionThrottledError,
    InvocationResult,
    PayloadTooLargeError,
)
from samrun.template.model.http_apis import Throttle
from samrun.template.model.rest_apis import GatewayResponse, MockResponse, RestMethod
from support.fake_invoker import FakeInvoker, success
from support.rest_apis import ServedRestApi

# The event of the request in `test_event_has_the_fields_of_a_rest_api`, without the fields that change.
EVENT = Path(__file__).with_name("rest_event.json")
ORDERS = RestMethod(method="POST", path="/orders", function="Order")
ORDER = RestMethod(method="ANY", path="/orders/{order_id}", function="Order")
FILES = RestMethod(method="GET", path="/files/{proxy+}", function="Files")
OK = {"statusCode": 200}
REQUEST_HEADERS = [
    ("Header1", "value1"),
    ("Header2", "value1"),
    ("Header2", "value2"),
    ("Cookie", "cookie1=a; cookie2=b"),
    ("User-Agent", "agent"),
    ("Content-Type", "application/json"),
    ("Authorization", "Bearer x"),
]


def respond(result: Any, headers: dict[str, str] | None = None, **properties: Any) -> httpx.Response:
    """Return the client's response for a function that returned `result`."""
    return ServedRestApi(FakeInvoker(result), ORDER, **properties).request("GET", "/orders/7", headers=headers)


# ---------------------------------------------------------------- the event


def test_event_has_the_fields_of_a_rest_api() -> None:
    invoker = FakeInvoker(OK)
    ServedRestApi(invoker, ORDER, stage_variables={"colour": "blue"}).request(
        "POST",
        "/orders/7%2B8?parameter1=value1&parameter1=value2&parameter2=a%20value&empty=",
        headers=REQUEST_HEADERS,
        content=b'{"message":"Hello from client!"}',
    )
    event = invoker.event
    context = event["requestContext"]
    [trace_id] = event["multiValueHeaders"].pop("X-Amzn-Trace-Id")
    assert event["headers"].pop("X-Amzn-Trace-Id") == trace_id
    for headers in (event["headers"], event["multiValueHeaders"]):
        assert headers.pop("accept-encoding")
    time, epoch = context.pop("requestTime"), context.pop("requestTimeEpoch")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", context.pop("requestId"))
    assert context.pop("extendedRequestId")
    assert event == json.loads(EVENT.read_bytes())
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", trace_id)
    assert datetime.strptime(time, "%d/%b/%Y:%H:%M:%S %z").timestamp() == epoch // 1000


def test_ids_of_a_request_are_in_its_event_and_in_its_answer() -> None:
    invoker = FakeInvoker(OK)
    response = ServedRestApi(invoker, ORDERS).request("POST", "/orders")
    context = invoker.event["requestContext"]
    assert response.headers["x-amzn-requestid"] == context["requestId"]
    assert response.headers["x-amz-apigw-id"] == context["extendedRequestId"]


def test_event_has_null_for_a_missing_part_of_the_request() -> None:
    invoker = FakeInvoker(OK)
    ServedRestApi(invoker, ORDERS).request("POST", "/orders")
    names = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables", "body")
    assert {name: invoker.event[name] for name in names} == dict.fromkeys(names)


def test_a_slash_at_the_end_does_not_count_and_reaches_the_function() -> None:
    invoker = FakeInvoker(OK)
    assert ServedRestApi(invoker, ORDER).request("GET", "/orders/7/").status_code == 200
    assert (invoker.event["path"], invoker.event["pathParameters"]) == ("/orders/7/", {"order_id": "7"})


def test_greedy_variable_has_the_rest_of_the_path() -> None:
    invoker = FakeInvoker(OK)
    ServedRestApi(invoker, FILES).request("GET", "/files/a//b%20c")
    assert (invoker.event["resource"], invoker.event["pathParameters"]) == ("/files/{proxy+}", {"proxy": "a//b%20c"})


@pytest.mark.parametrize(
    ("content_type", "content", "body"),
    [
        ("text/plain", "☕".encode(), ("☕", False)),
        ("application/x-www-form-urlencoded", b"a=1", ("a=1", False)),
        ("application/pdf", b"text", ("text", False)),
        ("image/png", b"text", ("dGV4dA==", True)),
        ("image/png; charset=x", b"\x00\xff", ("AP8=", True)),
        # API Gateway would replace the bytes that are not UTF-8.
        ("application/pdf", b"\x00\xff", ("AP8=", True)),
    ],
)
def test_body_is_in_base64_if_it_is_binary(content_type: str, content: bytes, body: tuple[str, bool]) -> None:
    invoker = FakeInvoker(OK)
    api = ServedRestApi(invoker, ORDERS, binary_media_types=("image/png",))
    api.request("POST", "/orders", content=content, headers={"content-type": content_type})
    assert (invoker.event["body"], invoker.event["isBase64Encoded"]) == body


# ---------------------------------------------------------------- the response


def test_response_has_the_functions_status_headers_and_body() -> None:
    response = respond(
        {
            "statusCode": "201",
            "headers": {"Content-Type": "text/html", "X-One": "1", "X-Flag": True},
            "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"], "X-One": ["0"]},
            "body": "☕",
        }
    )
    assert (response.status_code, response.text) == (201, "☕")
    assert response.headers["content-type"] == "text/html"
    assert response.headers.get_list("x-one") == ["0", "1"]
    assert response.headers["x-flag"] == "true"
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert re.fullmatch(r"[0-9a-f-]{36}", response.headers["x-amzn-requestid"])
    assert response.headers["x-amz-apigw-id"]


def test_response_without_a_status_and_a_content_type_is_200_and_json() -> None:
    response = respond({"body": "{}", "headers": None})
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize(
    ("types", "accept", "body"),
    [
        ((), "image/png", b"AP8="),
        (("image/png",), "image/png", b"\x00\xff"),
        (("image/png",), "image/png,*/*;q=0.8", b"\x00\xff"),
        (("image/png",), "text/html,image/png", b"AP8="),
        (("image/*",), "image/webp", b"\x00\xff"),
        (("image/png",), "*/*", b"AP8="),
        (("*/*",), "*/*", b"\x00\xff"),
    ],
)
def test_base64_body_is_decoded_for_a_client_that_accepts_a_binary_type_first(
    types: tuple[str, ...], accept: str, body: bytes
) -> None:
    result = {"statusCode": 200, "body": "AP8=", "isBase64Encoded": True}
    assert respond(result, {"accept": accept}, binary_media_types=types).content == body


@pytest.mark.parametrize(
    ("result", "fault"),
    [
        (None, "it is not an object with statusCode, headers and body"),
        ("text", "it is not an object with statusCode, headers and body"),
        ({"statusCode": 200, "cookies": []}, "it has cookies; a REST API takes only body, headers, "),
        ({"order_id": "7"}, "it has order_id; a REST API takes only body, headers, "),
        ({"statusCode": "ok"}, "statusCode is 'ok', and not a number from 200 to 599"),
        ({"statusCode": 200, "body": {"an": "object"}}, "body is an object, and not a string"),
        ({"statusCode": 200, "multiValueHeaders": {"a": "b"}}, "a in multiValueHeaders is a string, and not a list"),
    ],
)
def test_malformed_response_is_a_bad_gateway_and_the_terminal_says_what_is_wrong(result: Any, fault: str) -> None:
    warnings: list[str] = []
    response = respond(result, warn=warnings.append)
    assert (response.status_code, response.text) == (502, '{"message":"Internal server error"}')
    [warning] = warnings
    assert warning.startswith(f"ANY /orders/{{order_id}}: the result of Order is not a response: {fault}")


def test_failed_function_is_a_bad_gateway_without_its_message() -> None:
    async def fail(_name: str, _payload: bytes) -> InvocationResult:
        return InvocationResult.of_error("ValueError", "ada@example.com")

    response = ServedRestApi(FakeInvoker(function=fail), ORDER).request("GET", "/orders/7")
    assert (response.status_code, response.text) == (502, '{"message":"Internal server error"}')


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (FunctionNotFoundError("Order"), 500, "Internal server error"),
        (PayloadTooLargeError("Order"), 413, "Request Too Long"),
    ],
)
def test_errors_of_lambda_have_api_gateways_answers(error: Exception, status: int, text: str) -> None:
    async def fail(_name: str, _payload: bytes) -> InvocationResult:
        raise error

    response = ServedRestApi(FakeInvoker(function=fail), ORDER).request("GET", "/orders/7")
    assert (response.status_code, response.json()) == (status, {"message": text})


def test_throttled_function_is_answered_with_500() -> None:
    async def refuse(_name: str, _payload: bytes) -> InvocationResult:
        raise FunctionThrottledError("Rate Exceeded.")

    warnings: list[str] = []
    response = ServedRestApi(FakeInvoker(function=refuse), ORDER, warn=warnings.append).request("GET", "/orders/7")
    assert (response.status_code, response.text) == (500, '{"message":"Internal server error"}')
    assert response.headers["x-amzn-errortype"] == "InternalServerErrorException"
    assert warnings == ["ANY /orders/{order_id}: Rate Exceeded."]


def test_slow_function_is_answered_with_504_after_the_timeout_of_its_method() -> None:
    async def dawdle(_name: str, _payload: bytes) -> InvocationResult:
        await asyncio.sleep(60)
        return success({})

    warnings: list[str] = []
    slow = RestMethod(method="GET", path="/slow", function="Slow", timeout=0.01)
    response = ServedRestApi(FakeInvoker(function=dawdle), slow, warn=warnings.append).request("GET", "/slow")
    assert (response.status_code, response.json()) == (504, {"message": "Endpoint request timed out"})
    assert response.headers["x-amzn-errortype"] == "InternalServerErrorException"
    assert warnings == ["GET /slow: Slow did not answer within 0.01 s"]


def test_body_over_10_mb_is_refused_without_an_invocation() -> None:
    invoker = FakeInvoker(OK)
    response = ServedRestApi(invoker, ORDERS).request("POST", "/orders", content=bytes(10 * 1024 * 1024 + 1))
    assert (response.status_code, response.text) == (413, "HTTP content length exceeded 10485760 bytes.")
    assert invoker.invocations == []


@pytest.mark.parametrize(("method", "path"), [("GET", "/orders"), ("POST", "/nothing"), ("POST", "/")])
def test_request_without_a_method_lacks_an_authentication_token(method: str, path: str) -> None:
    api = ServedRestApi(FakeInvoker(), ORDERS)
    response = api.request(method, path)
    assert (response.status_code, response.text) == (403, '{"message":"Missing Authentication Token"}')
    assert response.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert [(access.status, access.function) for access in api.accesses] == [(403, None)]


def test_mock_integration_answers_without_a_function() -> None:
    mock = MockResponse(status=200, headers={"Access-Control-Allow-Origin": "*"}, body="{}")
    invoker = FakeInvoker()
    api = ServedRestApi(invoker, ORDERS, RestMethod(method="OPTIONS", path="/orders", mock=mock))
    response = api.request("OPTIONS", "/orders", headers={"origin": "https://shop.example"})
    assert (response.status_code, response.text) == (200, "{}")
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["content-type"] == "application/json"
    assert invoker.invocations == []


def test_gateway_response_changes_status_headers_and_body_of_an_answer() -> None:
    body = '{"message": $context.error.messageString, "at": "$context.path", "kind": "$context.error.responseType"}'
    responses = {
        "DEFAULT_4XX": GatewayResponse(status=None, headers={"Access-Control-Allow-Origin": "*"}, body=None),
        "DEFAULT_5XX": GatewayResponse(status=500, headers={}, body=body),
    }
    missing = ServedRestApi(FakeInvoker(), ORDERS, responses=responses).request("GET", "/nothing")
    assert (missing.status_code, missing.headers["access-control-allow-origin"]) == (403, "*")
    assert missing.json() == {"message": "Missing Authentication Token"}
    failed = respond("text", warn=[].append, responses=responses)
    assert (failed.status_code, failed.json()) == (
        500,
        {"message": "Internal server error", "at": "/Prod/orders/7", "kind": "DEFAULT_5XX"},
    )


def test_the_own_gateway_response_of_a_type_comes_before_the_default() -> None:
    responses = {
        "DEFAULT_4XX": GatewayResponse(status=400, headers={}, body=None),
        "MISSING_AUTHENTICATION_TOKEN": GatewayResponse(status=404, headers={}, body="no"),
    }
    response = ServedRestApi(FakeInvoker(), ORDERS, responses=responses).request("GET", "/nothing")
    assert (response.status_code, response.text) == (404, "no")


# ---------------------------------------------------------------- what a method requires


def test_throttled_method_is_answered_with_429() -> None:
    method = RestMethod(method="GET", path="/few", function="Few", throttle=Throttle(rate=0.001, burst=1))
    api = ServedRestApi(FakeInvoker(OK), method)
    assert [api.request("GET", "/few").status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 403), ({"x-api-key": "wrong"}, 403), ({"x-api-key": "a-key-of-twenty-letters"}, 200)]
)
def test_method_that_requires_an_api_key_takes_the_keys_of_its_api(headers: dict[str, str], status: int) -> None:
    method = RestMethod(method="GET", path="/keyed", function="Keyed", api_key_required=True)
    invoker = FakeInvoker(OK)
    api = ServedRestApi(invoker, method, api_keys={"a-key-of-twenty-letters": "Mine"})
    response = api.request("GET", "/keyed", headers=headers)
    assert response.status_code == status
    if status == 403:
        assert response.json() == {"message": "Forbidden"}
    else:
        identity = invoker.event["requestContext"]["identity"]
        assert (identity["apiKey"], identity["apiKeyId"]) == ("a-key-of-twenty-letters", "Mine")


def test_request_without_its_required_parameters_is_refused() -> None:
    method = RestMethod(
        method="GET", path="/a", function="A", required_parameters=("querystring.q", "header.X-Tenant", "querystring.p")
    )
    api = ServedRestApi(FakeInvoker(OK), method)
    response = api.request("GET", "/a?p=1")
    assert (response.status_code, response.json()) == (
        400,
        {"message": "Missing required request parameters: [q, X-Tenant]"},
    )
    assert api.request("GET", "/a?p=1&q=2", headers={"x-tenant": "t"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"), [(b'{"name": "a"}', 200), (b'{"name": 7}', 400), (b"{}", 400), (b"", 400), (b"no json", 400)]
)
def test_body_that_does_not_match_its_model_is_refused(body: bytes, status: int) -> None:
    schema = {
        "$ref": "#/definitions/thing",
        "definitions": {"thing": {"required": ["name"], "properties": {"name": {"type": "string"}}}},
    }
    method = RestMethod(method="POST", path="/a", function="A", body_schema=schema)
    response = ServedRestApi(FakeInvoker(OK), method).request("POST", "/a", content=body)
    assert response.status_code == status
    if status == 400:
        assert response.json() == {"message": "Invalid request body"}


@pytest.mark.parametrize(
    ("schema", "known_before", "reason"),
    [
        ({"type": "text"}, True, "'text' is not valid under any of the given schemas (at $.type)"),
        ({"pattern": "["}, True, "'[' is not a 'regex' (at $.pattern)"),
        ({"$ref": "#/definitions/Nothing"}, False, "there is no /definitions/Nothing"),
        ({"$ref": "#"}, False, "it refers to itself without end"),
        ({"$ref": "#/components/a", "components": {"a": {"type": "text"}}}, False, "there is no type 'text'"),
    ],
)
def test_model_that_cannot_be_used_is_reported_and_its_requests_fail(
    schema: dict[str, Any], known_before: bool, reason: str
) -> None:
    warnings: list[str] = []
    method = RestMethod(method="POST", path="/a", function="A", body_schema=schema)
    api = ServedRestApi(FakeInvoker(OK), method, warn=warnings.append)
    assert len(warnings) == known_before
    response = api.request("POST", "/a", content=b"{}")
    assert (response.status_code, response.json()) == (500, {"message": "Internal server error"})
    assert len(warnings) == 1 + known_before
    assert warnings[0].startswith("POST /a: the model of the body is no JSON schema that can be used: ")
    assert reason in warnings[0]


def test_body_that_is_nested_too_deeply_does_not_match_a_model() -> None:
    method = RestMethod(method="POST", path="/a", function="A", body_schema={"type": "object"})
    response = ServedRestApi(FakeInvoker(OK), method).request("POST", "/a", content=b"[" * 100_000)
    assert (response.status_code, response.json()) == (400, {"message": "Invalid request body"})
