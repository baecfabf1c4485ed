"""Routes of HTTP APIs whose functions get events in format 1.0."""

import asyncio
from typing import Any

import httpx
import pytest

from samrun.gateway import gateway
from samrun.gateway.authorizer import JwtCaller
from samrun.template.model.http_apis import HttpApi, Route
from support.fake_invoker import FakeInvoker

ORDER = Route(method="POST", path="/orders/{order_id}", function="Order", payload_format="1.0")


def send(invoker: FakeInvoker, *, warn: Any = pytest.fail, route: Route = ORDER, **properties: Any) -> httpx.Response:
    api = HttpApi(logical_id="OrderApi", routes=(route,), openapi_document=None, **properties)
    app = gateway(api, invoker, log=lambda _: None, warn=warn)

    async def request() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example.com") as client:
            return await client.post(
                "/orders/7?a=1&a=2", content=b'{"a": 1}', headers={"content-type": "application/json", "X-One": "1"}
            )

    return asyncio.run(request())


def test_event_has_the_fields_of_payload_format_1() -> None:
    invoker = FakeInvoker({"statusCode": 200})
    send(invoker, stage="beta", stage_variables={"colour": "blue"})
    event = invoker.event
    context = event["requestContext"]
    assert (event["version"], event["resource"], event["httpMethod"]) == ("1.0", "/orders/{order_id}", "POST")
    assert event["path"] == context["path"] == "/beta/orders/7"
    assert (event["headers"]["x-one"], event["multiValueHeaders"]["x-one"]) == ("1", ["1"])
    assert event["headers"]["Content-Length"] == "8"
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    assert event["pathParameters"] == {"order_id": "7"}
    assert event["stageVariables"] == {"colour": "blue"}
    assert (event["body"], event["isBase64Encoded"]) == ('{"a": 1}', False)
    assert context["authorizer"] == {"claims": None, "scopes": None}
    assert (context["resourcePath"], context["resourceId"], context["stage"]) == ("/orders/{order_id}", None, "beta")


def test_claims_of_a_token_have_no_jwt_around_them() -> None:
    caller = JwtCaller(claims={"sub": "ada", "groups": ["a", "b"]}, scopes=("read",))
    assert caller.in_event_1() == {"claims": {"sub": "ada", "groups": "[a b]"}, "scopes": ["read"]}


def test_default_route_has_its_name_as_the_resource() -> None:
    invoker = FakeInvoker({"statusCode": 200})
    send(invoker, route=Route(method=None, path=None, function="Order", payload_format="1.0"))
    assert (invoker.event["resource"], invoker.event["path"]) == ("$default", "/orders/7")
    assert invoker.event["pathParameters"] is None


def test_response_may_have_headers_with_several_values() -> None:
    result = {"statusCode": 200, "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}, "body": "ok"}
    response = send(FakeInvoker(result))
    assert (response.text, response.headers.get_list("set-cookie")) == ("ok", ["a=1", "b=2"])


def test_result_without_a_status_is_not_a_response() -> None:
    warnings: list[str] = []
    response = send(FakeInvoker({"order_id": "7"}), warn=warnings.append)
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    [warning] = warnings
    assert warning.startswith("POST /orders/{order_id}: the result of Order is not a response: ")
    assert warning.endswith("there is no statusCode, which format 1.0 requires")
