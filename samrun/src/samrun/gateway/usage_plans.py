"""Usage plans of REST APIs: the limits of the requests with each API key, for all APIs of a stack together.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
"""

import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from samrun.gateway import rest_errors
from samrun.gateway.throttling import TokenBucket
from samrun.template.model.http_apis import Throttle
from samrun.template.model.rest_apis import Quota, UsagePlan


def _today() -> date:
    return datetime.now(UTC).date()


class UsagePlans:
    """Counters of the requests with API keys.

    `clock` returns seconds, and `today` the day in UTC, at whose beginning the periods of quotas begin.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, today: Callable[[], date] = _today) -> None:
        self._clock = clock
        self._today = today
        self._buckets: dict[tuple[str, ...], TokenBucket] = {}
        self._used: Counter[tuple[str, str, date]] = Counter()
        self._first_periods: dict[str, date] = {}

    def count(self, plan: UsagePlan, key: str, method: str) -> None:
        """Count a request with an API key to a method (`GET /books`). Raises RestError if it is over a limit.

        A limit of a method counts beside that of the plan:
        https://repost.aws/questions/QUFD1EPj5dRYaYaqpNepE34A/about-the-flow-restriction-of-multiple-apis-associated-with-an-usage-plan
        """
        of_method = plan.method_throttles.get(method)
        if of_method and not self._bucket(of_method, plan.name, key, method).take():
            raise rest_errors.throttled()
        if plan.throttle and not self._bucket(plan.throttle, plan.name, key).take():
            raise rest_errors.throttled()
        if plan.quota:
            self._count_in_period(plan.name, plan.quota, key)

    def _bucket(self, throttle: Throttle, *names: str) -> TokenBucket:
        if names not in self._buckets:
            self._buckets[names] = TokenBucket(throttle, self._clock)
        return self._buckets[names]

    def _count_in_period(self, plan: str, quota: Quota, key: str) -> None:
        period = _beginning(quota, self._today())
        is_first = self._first_periods.setdefault(plan, period) == period
        if self._used[plan, key, period] >= quota.limit - (quota.offset if is_first else 0):
            raise rest_errors.quota_exceeded()
        self._used[plan, key, period] += 1


def _beginning(quota: Quota, day: date) -> date:
    """Return the first day of the period that a day is in. A week begins on Sunday."""
    match quota.period:
        case "DAY":
            return day
        case "WEEK":
            return day - timedelta(days=day.isoweekday() % 7)
        case "MONTH":
            return day.replace(day=1)
