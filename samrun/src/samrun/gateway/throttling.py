"""Throttling: allows as many requests as the template's stage does.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

import time
from collections.abc import Callable, Sequence

from samrun.template.model.http_apis import HttpApi, Route, Throttle
from samrun.template.model.rest_apis import RestApi, RestMethod


class Throttling:
    """A token bucket for the API, and one for each route with limits of its own. `clock` returns seconds."""

    def __init__(self, api: HttpApi | RestApi, *, clock: Callable[[], float] = time.monotonic) -> None:
        routes: Sequence[Route | RestMethod] = api.routes if isinstance(api, HttpApi) else api.methods
        self._of_api = TokenBucket(api.throttle, clock) if api.throttle else None
        self._of_routes = {route.key: TokenBucket(route.throttle, clock) for route in routes if route.throttle}

    def allow_request(self, route: Route | RestMethod) -> bool:
        """Tell whether the route may get one more request now, and count the request if so."""
        bucket = self._of_routes.get(route.key, self._of_api)
        return bucket is None or bucket.take()


class TokenBucket:
    """A token bucket: it holds as many tokens as a burst has requests, and fills at the rate.

    `clock` returns seconds.
    """

    def __init__(self, throttle: Throttle, clock: Callable[[], float]) -> None:
        self._throttle = throttle
        self._clock = clock
        self._tokens = float(throttle.burst)
        self._filled = clock()

    def take(self) -> bool:
        """Take a token, if there is one, and tell whether there was one."""
        now = self._clock()
        self._tokens = min(self._throttle.burst, self._tokens + (now - self._filled) * self._throttle.rate)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
