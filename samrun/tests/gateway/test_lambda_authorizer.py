"""Lambda authorizers of REST APIs and HTTP APIs, with a fake Lambda."""

import asyncio
import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from samrun.functions.invoker import InvocationResult
from samrun.gateway import gateway
from samrun.template.model.authorizers import LambdaAuthorizer
from samrun.template.model.http_apis import HttpApi, Route
from samrun.template.model.rest_apis import RestMethod
from support.fake_invoker import FakeInvoker, success
from support.rest_apis import ServedRestApi

TOKEN = LambdaAuthorizer(
    name="Token",
    function="Guard",
    kind="TOKEN",
    identity_sources=("header.Authorization",),
    api_arn="arn:aws:execute-api:us-east-1:123456789012:OrderApi/Prod",
)
REQUEST = replace(
    TOKEN,
    name="Request",
    kind="REQUEST",
    identity_sources=("header.X", "querystring.q", "stageVariables.colour", "context.identity.sourceIp"),
)
HTTP = replace(
    REQUEST,
    api_arn="arn:aws:execute-api:us-east-1:123456789012:OrderApi/$default",
    identity_sources=("header.X", "querystring.q"),
)
GOOD = {"authorization": "good"}


def policy(effect: str = "Allow", resource: str = "*", **rest: Any) -> dict[str, Any]:
    """Return the result of an authorizer's function."""
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {"principalId": "ada", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}, **rest}


class Functions:
    """The fake functions: Guard returns `decision`, and any other an empty response. `events` has theirs by name."""

    def __init__(self, decision: Any) -> None:
        self.events: list[tuple[str, Any]] = []
        self.decision = decision
        self.invoker = FakeInvoker(function=self._invoke)

    async def _invoke(self, name: str, payload: bytes) -> InvocationResult:
        self.events.append((name, json.loads(payload)))
        if name != "Guard":
            return success({"statusCode": 200})
        return self.decision if isinstance(self.decision, InvocationResult) else success(self.decision)

    def of(self, name: str) -> list[Any]:
        return [event for function, event in self.events if function == name]


def rest_api(
    functions: Functions, authorizer: LambdaAuthorizer = TOKEN, warn: Callable[[str], None] = pytest.fail
) -> ServedRestApi:
    methods = (
        RestMethod(method="GET", path="/orders/{id}", function="Order", authorizer=authorizer),
        RestMethod(method="GET", path="/others", function="Order", authorizer=authorizer),
    )
    return ServedRestApi(functions.invoker, *methods, stage_variables={"colour": "blue"}, warn=warn)


def http_request(
    functions: Functions,
    authorizer: LambdaAuthorizer,
    path: str,
    *,
    headers: dict[str, str],
    payload_format: Any = "2.0",
    warn: Callable[[str], None] = pytest.fail,
) -> httpx.Response:
    route = Route(
        method="GET", path="/orders/{id}", function="Order", authorizer=authorizer, payload_format=payload_format
    )
    api = HttpApi(logical_id="OrderApi", routes=(route,), openapi_document=None)
    app = gateway(api, functions.invoker, log=lambda _: None, warn=warn)

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example.com") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(send())


# ---------------------------------------------------------------- REST APIs


def test_token_authorizer_gets_the_token_and_the_arn_of_the_method() -> None:
    functions = Functions(policy(context={"number": 7, "flag": True, "text": "a", "nothing": None}))
    assert rest_api(functions).request("GET", "/orders/7%2B8", headers=GOOD).status_code == 200
    assert functions.of("Guard") == [
        {
            "type": "TOKEN",
            "methodArn": "arn:aws:execute-api:us-east-1:123456789012:OrderApi/Prod/GET/orders/7%2B8",
            "authorizationToken": "good",
        }
    ]
    authorizer = functions.of("Order")[0]["requestContext"]["authorizer"]
    assert authorizer.pop("integrationLatency") >= 0
    assert authorizer == {"principalId": "ada", "number": "7", "flag": "true", "text": "a"}


def test_request_authorizer_gets_the_request_without_its_body() -> None:
    functions = Functions(policy())
    assert rest_api(functions, REQUEST).request("GET", "/orders/7?q=1", headers={"X": "x"}).status_code == 200
    [event] = functions.of("Guard")
    assert (event["type"], event["resource"], event["path"]) == ("REQUEST", "/orders/{id}", "/orders/7")
    assert event["methodArn"] == "arn:aws:execute-api:us-east-1:123456789012:OrderApi/Prod/GET/orders/7"
    assert event["queryStringParameters"] == {"q": "1"}
    assert event["stageVariables"] == {"colour": "blue"}
    assert event["requestContext"]["stage"] == "Prod"
    assert not {"body", "isBase64Encoded", "version"} & event.keys()


@pytest.mark.parametrize(
    ("authorizer", "path", "headers"),
    [
        (TOKEN, "/orders/7", {}),
        (replace(TOKEN, token_pattern="^Bearer "), "/orders/7", GOOD),
        (REQUEST, "/orders/7?q=1", {}),
        (REQUEST, "/orders/7", {"X": "x"}),
        (replace(REQUEST, identity_sources=("stageVariables.other",)), "/orders/7", {}),
        (replace(REQUEST, identity_sources=("context.identity.user",)), "/orders/7", {}),
    ],
)
def test_request_without_its_identity_is_unauthorized_without_an_invocation(
    authorizer: LambdaAuthorizer, path: str, headers: dict[str, str]
) -> None:
    functions = Functions(policy())
    response = rest_api(functions, authorizer).request("GET", path, headers=headers)
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
    assert functions.events == []


def test_authorizer_that_fails_with_unauthorized_makes_the_request_unauthorized() -> None:
    functions = Functions(InvocationResult.of_error("Exception", "Unauthorized"))
    response = rest_api(functions).request("GET", "/orders/7", headers=GOOD)
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


@pytest.mark.parametrize(
    ("decision", "text"),
    [
        (policy("Deny"), "User is not authorized to access this resource with an explicit deny"),
        (policy(resource="*/POST/*"), "User is not authorized to access this resource"),
    ],
)
def test_policy_that_does_not_allow_the_method_denies_access(decision: Any, text: str) -> None:
    functions = Functions(decision)
    response = rest_api(functions).request("GET", "/orders/7", headers=GOOD)
    assert (response.status_code, response.json()) == (403, {"Message": text})
    assert functions.of("Order") == []


@pytest.mark.parametrize(
    ("decision", "fault"),
    [
        (InvocationResult.of_error("ValueError", "no"), "it failed with ValueError"),
        (InvocationResult(request_id="", payload=b"no", function_error="Unhandled"), "it failed with Runtime.Unknown"),
        ("allow", "it returned 'allow', and not an object"),
        ({"policyDocument": policy()["policyDocument"]}, "its result has no principalId"),
        ({"principalId": "ada"}, "its policyDocument has no Statement that is a list of objects"),
        (policy(context={"roles": ["a"]}), "context has an object or a list in roles; values are plain"),
        (policy(context=["a"]), "context is ['a'], and not an object"),
    ],
)
def test_failed_authorizer_is_an_error_and_the_terminal_says_why(decision: Any, fault: str) -> None:
    warnings: list[str] = []
    response = rest_api(Functions(decision), warn=warnings.append).request("GET", "/orders/7", headers=GOOD)
    assert (response.status_code, response.json()) == (500, {"message": None})
    assert response.headers["x-amzn-errortype"] == "AuthorizerConfigurationException"
    assert warnings == [f"the authorizer Token, Guard: {fault}"]


def test_result_is_cached_for_the_same_identity_and_its_policy_decides_about_each_method() -> None:
    functions = Functions(policy(resource="*/orders/*"))
    api = rest_api(functions, replace(TOKEN, ttl=300))
    assert api.request("GET", "/orders/7", headers=GOOD).status_code == 200
    assert api.request("GET", "/orders/8", headers=GOOD).status_code == 200
    assert api.request("GET", "/others", headers=GOOD).status_code == 403
    assert len(functions.of("Guard")) == 1
    assert api.request("GET", "/orders/8", headers={"authorization": "other"}).status_code == 200
    assert len(functions.of("Guard")) == 2


def test_result_is_not_cached_without_a_ttl() -> None:
    functions = Functions(policy())
    api = rest_api(functions)
    assert [api.request("GET", "/orders/7", headers=GOOD).status_code for _ in range(2)] == [200, 200]
    assert len(functions.of("Guard")) == 2


# ---------------------------------------------------------------- HTTP APIs


def test_authorizer_of_an_http_api_gets_the_request_in_format_2() -> None:
    functions = Functions({"isAuthorized": True, "context": {"roles": ["a"], "number": 7}})
    authorizer = replace(HTTP, payload_format="2.0", simple_responses=True)
    assert http_request(functions, authorizer, "/orders/7?q=1", headers={"X": "x"}).status_code == 200
    [event] = functions.of("Guard")
    assert (event["version"], event["type"], event["routeKey"]) == ("2.0", "REQUEST", "GET /orders/{id}")
    assert event["routeArn"] == "arn:aws:execute-api:us-east-1:123456789012:OrderApi/$default/GET/orders/7"
    assert event["identitySource"] == ["x", "1"]
    assert not {"body", "isBase64Encoded"} & event.keys()
    assert functions.of("Order")[0]["requestContext"]["authorizer"] == {"lambda": {"roles": ["a"], "number": 7}}


def test_authorizer_of_an_http_api_gets_the_request_in_format_1() -> None:
    functions = Functions(policy(context={"number": 7}))
    response = http_request(functions, HTTP, "/orders/7?q=1", headers={"X": "x"}, payload_format="1.0")
    assert response.status_code == 200
    [event] = functions.of("Guard")
    assert (event["version"], event["type"], event["resource"]) == ("1.0", "REQUEST", "/orders/{id}")
    assert event["methodArn"] == "arn:aws:execute-api:us-east-1:123456789012:OrderApi/$default/GET/orders/7"
    assert event["identitySource"] == event["authorizationToken"] == "x,1"
    authorizer = functions.of("Order")[0]["requestContext"]["authorizer"]
    assert (authorizer["principalId"], authorizer["number"]) == ("ada", "7")


@pytest.mark.parametrize(
    ("decision", "status", "text"),
    [
        ({"isAuthorized": False}, 403, "Forbidden"),
        (InvocationResult.of_error("Exception", "Unauthorized"), 401, "Unauthorized"),
    ],
)
def test_http_api_refuses_what_its_authorizer_does_not_allow(decision: Any, status: int, text: str) -> None:
    functions = Functions(decision)
    authorizer = replace(HTTP, payload_format="2.0", simple_responses=True)
    response = http_request(functions, authorizer, "/orders/7?q=1", headers={"X": "x"})
    assert (response.status_code, response.json()) == (status, {"message": text})
    assert functions.of("Order") == []


def test_http_api_refuses_a_request_without_its_identity() -> None:
    response = http_request(Functions(policy()), HTTP, "/orders/7", headers={"X": "x"})
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


def test_failed_authorizer_of_an_http_api_is_an_internal_server_error() -> None:
    warnings: list[str] = []
    functions = Functions({"isAuthorized": "yes"})
    authorizer = replace(HTTP, payload_format="2.0", simple_responses=True)
    response = http_request(functions, authorizer, "/orders/7?q=1", headers={"X": "x"}, warn=warnings.append)
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    assert warnings == ["GET /orders/{id}: the authorizer Request failed: isAuthorized is 'yes', and not true or false"]


def test_an_authorizer_has_its_own_timeout() -> None:
    async def never(_name: str, _payload: bytes) -> InvocationResult:
        await asyncio.Event().wait()
        raise AssertionError("nothing sets the event")

    warnings: list[str] = []
    method = RestMethod(method="GET", path="/a", function="Order", authorizer=replace(TOKEN, timeout=0.01))
    api = ServedRestApi(FakeInvoker(function=never), method, warn=warnings.append)
    assert api.request("GET", "/a", headers=GOOD).status_code == 500
    assert warnings == ["the authorizer Token, Guard: it did not answer within 0.01 s"]


def test_an_authorizer_without_a_limit_is_waited_for() -> None:
    async def after_a_while(name: str, _payload: bytes) -> InvocationResult:
        await asyncio.sleep(0.05)
        return success(policy() if name == "Guard" else {"statusCode": 200})

    method = RestMethod(
        method="GET",
        path="/a",
        function="Order",
        authorizer=replace(TOKEN, timeout=math.inf),
        timeout=math.inf,
    )
    api = ServedRestApi(FakeInvoker(function=after_a_while), method)
    assert api.request("GET", "/a", headers=GOOD).status_code == 200
