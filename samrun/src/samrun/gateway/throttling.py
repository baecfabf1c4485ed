"""Lets through as many requests as the template's stage allows.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
"""

import time
from collections.abc import Callable

from local.model import HttpApi, Route, Throttle


class Throttling:
    """A bucket for the API, and one for each route that has limits of its own. `clock` gives seconds."""

    def __init__(self, api: HttpApi, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._of_api = _Bucket(api.throttle, clock) if api.throttle else None
        self._of_routes = {route.key: _Bucket(route.throttle, clock) for route in api.routes if route.throttle}

    def lets_through(self, route: Route) -> bool:
        """Tell whether one more request may go to the route now, and count it if so."""
        bucket = self._of_routes.get(route.key, self._of_api)
        return bucket is None or bucket.take()


class _Bucket:
    """A token bucket: full it holds a burst, and it fills at the rate."""

    def __init__(self, throttle: Throttle, clock: Callable[[], float]) -> None:
        self._throttle = throttle
        self._clock = clock
        self._tokens = float(throttle.burst)
        self._filled = clock()

    def take(self) -> bool:
        now = self._clock()
        self._tokens = min(self._throttle.burst, self._tokens + (now - self._filled) * self._throttle.rate)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
