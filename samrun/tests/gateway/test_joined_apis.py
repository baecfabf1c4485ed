"""Several APIs on one port: which of them gets a request."""

import asyncio
import json

import httpx
import pytest

from samrun.functions.invoker import InvocationResult
from samrun.gateway import Access, gateway, rest_gateway
from samrun.gateway.joined_apis import join_apis
from samrun.template.model.http_apis import Cors, HttpApi, Route
from samrun.template.model.rest_apis import RestApi, RestMethod
from support.fake_invoker import FakeInvoker, success
from support.rest_apis import no_client


async def _describe(name: str, payload: bytes) -> InvocationResult:
    """Return the name of the function, and the path that it got."""
    event = json.loads(payload)
    return success({"statusCode": 200, "body": f"{name} {event.get('path') or event['rawPath']}"})


def rest(stage: str, *keys: str, function: str | None = None) -> RestApi:
    methods = [key.split() for key in keys]
    return RestApi(
        logical_id=f"Rest{stage}",
        stage=stage,
        methods=tuple(RestMethod(method=method, path=path, function=function or stage) for method, path in methods),
    )


def http(*keys: str, stage: str | None = None, cors: Cors | None = None) -> HttpApi:
    routes = tuple(Route(method=method, path=path, function="Http") for method, path in (key.split() for key in keys))
    return HttpApi(logical_id="Http", routes=routes, openapi_document=None, stage=stage, cors=cors)


class Port:
    """The port of these APIs."""

    def __init__(self, *apis: HttpApi | RestApi) -> None:
        self.accesses: list[Access] = []
        invoker = FakeInvoker(function=_describe)
        self._app = join_apis(
            [
                (
                    api,
                    gateway(api, invoker, log=self.accesses.append, warn=pytest.fail)
                    if isinstance(api, HttpApi)
                    else rest_gateway(
                        api,
                        invoker,
                        log=self.accesses.append,
                        warn=pytest.fail,
                        client=no_client,
                        accept=lambda function, _payload: pytest.fail(function),
                    ),
                )
                for api in apis
            ]
        )

    def request(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(send())

    def get(self, path: str) -> str:
        return self.request(path).text


def test_method_of_a_rest_api_is_there_with_its_stage_and_without() -> None:
    port = Port(rest("Prod", "GET /orders/{id}", "GET /"))
    assert port.get("/Prod/orders/7") == "Prod /orders/7"
    assert port.get("/orders/7") == "Prod /orders/7"
    assert port.get("/Prod/orders/7%2B/") == "Prod /orders/7%2B/"
    assert port.get("/Prod") == port.get("/Prod/") == port.get("/") == "Prod /"
    assert port.get("/prod/orders/7") == '{"message":"Missing Authentication Token"}'


def test_access_log_has_the_path_of_the_request() -> None:
    port = Port(rest("Prod", "GET /orders"))
    port.get("/Prod/orders")
    port.get("/orders")
    assert [access.path for access in port.accesses] == ["/Prod/orders", "/orders"]


def test_http_api_and_rest_api_share_the_port() -> None:
    port = Port(http("GET /orders", "ANY /{proxy+}"), rest("Prod", "GET /things", "GET /orders"))
    assert port.get("/orders") == "Http /orders"
    assert port.get("/Prod/orders") == "Prod /orders"
    assert port.get("/things") == "Prod /things"
    assert port.get("/Prod/nothing") == "Http /Prod/nothing"


def test_path_of_a_stage_is_of_its_api_even_if_another_route_is_more_specific() -> None:
    port = Port(rest("Prod", "GET /{proxy+}", "GET /{kind}/{id}"), http("GET /Prod/orders"))
    assert port.get("/Prod/orders") == "Prod /orders"


def test_stages_tell_two_versions_of_an_api_apart() -> None:
    port = Port(rest("v1", "GET /orders"), rest("v2", "GET /orders", "GET /new"))
    assert port.get("/v1/orders") == "v1 /orders"
    assert port.get("/v2/orders") == "v2 /orders"
    assert port.get("/orders") == "v1 /orders"
    assert port.get("/new") == "v2 /new"


def test_two_apis_with_the_same_stage_share_its_paths() -> None:
    port = Port(rest("Prod", "GET /{proxy+}", function="First"), rest("Prod", "GET /orders", function="Second"))
    assert port.get("/Prod/orders") == "Second /orders"
    assert port.get("/Prod/others") == "First /others"


def test_unknown_path_of_a_stage_is_answered_by_its_api() -> None:
    port = Port(http("GET /orders"), rest("Prod", "GET /things"))
    assert port.request("/Prod/nothing").json() == {"message": "Missing Authentication Token"}
    assert port.request("/nothing").json() == {"message": "Not Found"}


def test_http_api_with_a_stage_has_it_in_the_path_of_its_events() -> None:
    port = Port(http("GET /orders", stage="beta"))
    assert port.get("/beta/orders") == port.get("/orders") == "Http /beta/orders"


def test_preflight_request_is_of_the_api_that_has_the_route() -> None:
    port = Port(rest("Prod", "GET /things"), http("PUT /orders", cors=Cors(origins=("*",))))
    headers = {"origin": "https://shop.example", "access-control-request-method": "PUT"}
    response = port.request("/orders", "OPTIONS", headers)
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (204, "*")
    headers["access-control-request-method"] = "GET"
    assert port.request("/things", "OPTIONS", headers).status_code == 403


def test_encoded_slash_separates_segments_of_an_http_api_but_not_of_a_rest_api() -> None:
    port = Port(http("GET /{kind}/{group}/{id}"), rest("Prod", "GET /items/{id}"))
    assert port.get("/items/a%2Fb") == "Prod /items/a%2Fb"
    assert port.get("/items/a%2Fb/") == "Prod /items/a%2Fb/"
    assert port.get("/things/a%2Fb") == "Http /things/a/b"
