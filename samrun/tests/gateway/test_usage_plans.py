"""Limits of usage plans: of the rate, and of the requests in a period."""

from datetime import date
from typing import Literal

import pytest

from samrun.gateway.rest_errors import RestError
from samrun.gateway.usage_plans import UsagePlans
from samrun.template.model.http_apis import Throttle
from samrun.template.model.rest_apis import Quota, RestMethod, UsagePlan
from support.fake_invoker import FakeInvoker
from support.rest_apis import ServedRestApi

OK = {"statusCode": 200, "body": "ok"}
GET, PUT = "GET /books", "PUT /books"


class Counted:
    """Usage plans with a clock and a calendar that stand still until a test moves them."""

    def __init__(self, today: date = date(2026, 11, 29)) -> None:
        self.now = 0.0
        self.today = today
        self.plans = UsagePlans(clock=lambda: self.now, today=lambda: self.today)

    def allowed(self, plan: UsagePlan, *, key: str = "key", method: str = GET, requests: int = 10) -> int:
        """Return how many of these requests are within the limits."""
        return sum(self._is_allowed(plan, key, method) for _ in range(requests))

    def _is_allowed(self, plan: UsagePlan, key: str, method: str) -> bool:
        try:
            self.plans.count(plan, key, method)
        except RestError:
            return False
        return True


def test_each_key_has_the_rate_of_its_plan() -> None:
    counted, plan = Counted(), UsagePlan(name="Plan", throttle=Throttle(rate=2, burst=3))
    assert counted.allowed(plan) == 3
    assert counted.allowed(plan, key="other") == 3
    counted.now += 1
    assert counted.allowed(plan, method=PUT) == 2


def test_limit_of_a_method_counts_beside_that_of_the_plan() -> None:
    plan = UsagePlan(name="Plan", throttle=Throttle(rate=1, burst=5), method_throttles={GET: Throttle(rate=1, burst=2)})
    counted = Counted()
    assert counted.allowed(plan, method=GET) == 2
    assert counted.allowed(plan, method=PUT) == 3


@pytest.mark.parametrize(
    ("period", "last_day", "next_period"),
    [
        ("DAY", date(2026, 11, 29), date(2026, 11, 30)),
        ("WEEK", date(2026, 12, 5), date(2026, 12, 6)),  # a Saturday and a Sunday
        ("MONTH", date(2026, 11, 30), date(2026, 12, 1)),
    ],
)
def test_quota_begins_anew_with_each_period(
    period: Literal["DAY", "WEEK", "MONTH"], last_day: date, next_period: date
) -> None:
    counted = Counted()
    plan = UsagePlan(name="Plan", quota=Quota(limit=5, period=period, offset=2))
    assert counted.allowed(plan) == 3, "the offset counts in the first period"
    counted.today = last_day
    assert counted.allowed(plan) == 0
    assert counted.allowed(plan, key="other") == 3
    counted.today = next_period
    assert counted.allowed(plan) == 5


def test_throttled_request_does_not_count_towards_the_quota() -> None:
    plan = UsagePlan(name="Plan", throttle=Throttle(rate=1, burst=1), quota=Quota(limit=2, period="DAY"))
    counted = Counted()
    assert counted.allowed(plan) == 1
    counted.now += 1
    assert counted.allowed(plan) == 1
    counted.now += 1
    assert counted.allowed(plan) == 0


@pytest.mark.parametrize(
    ("plan", "message", "error_type"),
    [
        (
            UsagePlan(name="Plan", throttle=Throttle(rate=0.001, burst=1)),
            "Too Many Requests",
            "TooManyRequestsException",
        ),
        (UsagePlan(name="Plan", quota=Quota(limit=1, period="MONTH")), "Limit Exceeded", "LimitExceededException"),
    ],
)
def test_request_over_a_limit_of_its_key_is_answered_with_429(plan: UsagePlan, message: str, error_type: str) -> None:
    keyed = RestMethod(method="GET", path="/books", function="Books", api_key_required=True)
    unkeyed = RestMethod(method="GET", path="/open", function="Books")
    invoker = FakeInvoker(OK)
    api = ServedRestApi(invoker, keyed, unkeyed, api_keys={"key": "Key"}, usage_plans={"key": plan})
    headers = {"x-api-key": "key"}
    assert api.request("GET", "/open", headers=headers).status_code == 200
    assert api.request("GET", "/books", headers=headers).status_code == 200
    refused = api.request("GET", "/books", headers=headers)
    assert (refused.status_code, refused.json()) == (429, {"message": message})
    assert refused.headers["x-amzn-errortype"] == error_type
    assert len(invoker.invocations) == 2
