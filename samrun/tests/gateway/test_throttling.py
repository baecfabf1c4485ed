"""How many requests the gateway lets through."""

import asyncio

import httpx
import pytest

from local.gateway import gateway
from local.gateway.throttling import Throttling
from local.invoker import Answer
from local.model import HttpApi, Route, Throttle

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


def _passed(throttling: Throttling, route: Route, count: int) -> int:
    return sum(throttling.lets_through(route) for _ in range(count))


def test_a_burst_is_let_through_at_once_and_then_the_rate() -> None:
    clock = Clock()
    throttling = _throttling(clock, Throttle(rate=2, burst=5))
    assert _passed(throttling, GET, 9) == 5
    clock.now += 0.4
    assert _passed(throttling, GET, 9) == 0
    clock.now += 0.1
    assert _passed(throttling, GET, 9) == 1
    clock.now += 3600
    assert _passed(throttling, GET, 9) == 5


def test_the_routes_of_an_api_share_its_bucket() -> None:
    throttling = _throttling(Clock(), Throttle(rate=1, burst=4))
    assert _passed(throttling, GET, 3) == 3
    assert _passed(throttling, POST, 3) == 1


def test_a_route_with_limits_of_its_own_has_a_bucket_of_its_own() -> None:
    throttling = _throttling(Clock(), Throttle(rate=1, burst=4))
    assert _passed(throttling, OWN, 5) == 1
    assert _passed(throttling, GET, 5) == 4


def test_without_limits_everything_is_let_through() -> None:
    assert _passed(_throttling(Clock(), None), GET, 1000) == 1000


class Order:
    def __init__(self) -> None:
        self.invocations = 0

    async def invoke(self, function: str, payload: bytes) -> Answer:
        self.invocations += 1
        return Answer(request_id="r-1", payload=b"{}")


def test_what_is_above_the_limits_is_answered_with_429_before_the_function() -> None:
    order = Order()
    api = HttpApi(logical_id="Api", routes=(GET,), openapi_document=None, throttle=Throttle(rate=0.001, burst=2))
    app = gateway(api, order, log=lambda _: None, warn=pytest.fail)

    async def five_times() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
            return [await client.get("/orders") for _ in range(5)]

    answers = asyncio.run(five_times())
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429, 429]
    assert answers[-1].json() == {"message": "Too Many Requests"}
    assert order.invocations == 2
