"""CORS of an HTTP API."""

import asyncio
from typing import Any

import httpx
import pytest

from samrun.gateway import gateway
from samrun.template.model.authorizers import LambdaAuthorizer
from samrun.template.model.http_apis import Cors, HttpApi, Route
from support.fake_invoker import FakeInvoker

ORIGIN = "https://shop.example"
GUARD = LambdaAuthorizer(
    name="Guard", function="Guard", kind="REQUEST", identity_sources=("header.X",), api_arn="arn:aws:execute-api:…"
)
GET = Route(method="GET", path="/orders", function="Order", authorizer=GUARD)
OPEN = Route(method="GET", path="/open", function="Order")
CORS = Cors(
    origins=(ORIGIN, "http://*"),
    methods=("GET", "PUT"),
    headers=("x-a", "x-b"),
    exposed_headers=("x-c",),
    credentials=True,
    max_age=600,
)
PREFLIGHT = {"origin": ORIGIN, "access-control-request-method": "GET"}


def request(
    method: str,
    path: str,
    headers: dict[str, str],
    *,
    cors: Cors | None = CORS,
    result: Any = None,
    routes: tuple[Route, ...] = (GET, OPEN),
) -> httpx.Response:
    api = HttpApi(logical_id="Api", routes=routes, openapi_document=None, cors=cors)
    app = gateway(api, FakeInvoker(result), log=lambda _: None, warn=pytest.fail)

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(send())


def cors_headers(response: httpx.Response) -> dict[str, str]:
    prefix = "access-control-"
    return {name.removeprefix(prefix): value for name, value in response.headers.items() if name.startswith(prefix)}


@pytest.mark.parametrize("path", ["/orders", "/without-a-route"])
def test_preflight_request_is_answered_without_the_authorizer(path: str) -> None:
    response = request("OPTIONS", path, PREFLIGHT)
    assert (response.status_code, response.content) == (204, b"")
    assert cors_headers(response) == {
        "allow-origin": ORIGIN,
        "allow-credentials": "true",
        "allow-methods": "GET,PUT",
        "allow-headers": "x-a,x-b",
        "max-age": "600",
    }


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [(ORIGIN, ORIGIN), ("http://anyone.example", "http://anyone.example"), ("https://other.example", None)],
)
def test_preflight_request_of_another_origin_gets_no_cors_headers(origin: str, allowed: str | None) -> None:
    response = request("OPTIONS", "/orders", {**PREFLIGHT, "origin": origin})
    assert (response.status_code, response.headers.get("access-control-allow-origin")) == (204, allowed)
    assert bool(cors_headers(response)) == bool(allowed)


@pytest.mark.parametrize("headers", [{}, {"origin": ORIGIN}, {"access-control-request-method": "GET"}])
def test_options_request_that_is_no_preflight_has_no_route(headers: dict[str, str]) -> None:
    assert request("OPTIONS", "/orders", headers).status_code == 404


def test_preflight_request_without_a_cors_configuration_has_no_route() -> None:
    assert request("OPTIONS", "/orders", PREFLIGHT, cors=None).status_code == 404


def test_preflight_request_reaches_a_route_for_any_method_and_its_authorizer() -> None:
    # As on AWS: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
    route = Route(method="ANY", path="/{proxy+}", function="Order", authorizer=GUARD)
    response = request("OPTIONS", "/orders", PREFLIGHT, routes=(route,))
    assert response.status_code == 401


def test_functions_own_cors_headers_are_replaced() -> None:
    own = {"Access-Control-Allow-Origin": "https://other.example", "Access-Control-Allow-Methods": "DELETE", "X-A": "1"}
    response = request("GET", "/open", {"origin": ORIGIN}, result={"statusCode": 200, "headers": own})
    assert cors_headers(response) == {"allow-origin": ORIGIN, "allow-credentials": "true", "expose-headers": "x-c"}
    assert response.headers["x-a"] == "1"


def test_functions_own_cors_headers_are_kept_without_a_configuration() -> None:
    own = {"Access-Control-Allow-Origin": "https://other.example"}
    response = request("GET", "/open", {"origin": ORIGIN}, cors=None, result={"statusCode": 200, "headers": own})
    assert cors_headers(response) == {"allow-origin": "https://other.example"}


def test_any_origin_is_answered_with_a_star() -> None:
    response = request("GET", "/open", {"origin": ORIGIN}, cors=Cors(origins=("*",)))
    assert cors_headers(response) == {"allow-origin": "*"}


def test_request_without_an_origin_gets_no_cors_headers() -> None:
    assert cors_headers(request("GET", "/open", {})) == {}


def test_refused_request_has_the_cors_headers_so_that_a_browser_shows_it() -> None:
    response = request("GET", "/orders", {"origin": ORIGIN})
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (401, ORIGIN)
