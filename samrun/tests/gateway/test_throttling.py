"""Throttling of requests by the gateway."""

import asyncio

import httpx
import pytest

from samrun.gateway import gateway
from samrun.gateway.throttling import Throttling
from samrun.template.model.http_apis import HttpApi, Route, Throttle
from support.fake_invoker import FakeInvoker

GET = Route(method="GET", path="/orders", function="Order")
POST = Route(method="POST", path="/orders", function="Order")
OWN = Route(method="PUT", path="/orders", function="Order", throttle=Throttle(rate=1, burst=1))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _throttling(clock: Clock, throttle: Throttle | None) -> Throttling:
    api = HttpApi(logical_id="Api", routes=(GET, POST, OWN), openapi_document=None, throttle=throttle)
    return Throttling(api, clock=clock)


def _count_allowed(throttling: Throttling, route: Route, count: int) -> int:
    return sum(throttling.allow_request(route) for _ in range(count))


def test_throttling_allows_a_burst_and_then_the_rate() -> None:
    clock = Clock()
    throttling = _throttling(clock, Throttle(rate=2, burst=5))
    assert _count_allowed(throttling, GET, 9) == 5
    clock.now += 0.4
    assert _count_allowed(throttling, GET, 9) == 0
    clock.now += 0.1
    assert _count_allowed(throttling, GET, 9) == 1
    clock.now += 3600
    assert _count_allowed(throttling, GET, 9) == 5


def test_routes_of_an_api_share_its_bucket() -> None:
    throttling = _throttling(Clock(), Throttle(rate=1, burst=4))
    assert _count_allowed(throttling, GET, 3) == 3
    assert _count_allowed(throttling, POST, 3) == 1


def test_route_with_its_own_limits_has_its_own_bucket() -> None:
    throttling = _throttling(Clock(), Throttle(rate=1, burst=4))
    assert _count_allowed(throttling, OWN, 5) == 1
    assert _count_allowed(throttling, GET, 5) == 4


def test_api_without_limits_allows_every_request() -> None:
    assert _count_allowed(_throttling(Clock(), None), GET, 1000) == 1000


def test_request_above_the_limit_gets_429_without_an_invocation() -> None:
    invoker = FakeInvoker({})
    api = HttpApi(logical_id="Api", routes=(GET,), openapi_document=None, throttle=Throttle(rate=0.001, burst=2))
    app = gateway(api, invoker, log=lambda _: None, warn=pytest.fail)

    async def five_times() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
            return [await client.get("/orders") for _ in range(5)]

    answers = asyncio.run(five_times())
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429, 429]
    assert answers[-1].json() == {"message": "Too Many Requests"}
    assert len(invoker.invocations) == 2
