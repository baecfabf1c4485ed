"""Cache of the results of Lambda authorizers, for the seconds that each authorizer allows."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from samrun.template.model.authorizers import LambdaAuthorizer


@dataclass(frozen=True, kw_only=True)
class AuthorizerResult:
    """Result of an authorizer: the object that its function returned, and the milliseconds that it took."""

    payload: Mapping[str, Any]
    milliseconds: int


class AuthorizerCache:
    """The results by authorizer and identity. `clock` returns seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._results: dict[tuple[LambdaAuthorizer, tuple[str, ...]], tuple[AuthorizerResult, float]] = {}

    def get(self, authorizer: LambdaAuthorizer, identity: tuple[str, ...]) -> AuthorizerResult | None:
        """Return the cached result for an identity; None if there is none or it has expired."""
        result, expires = self._results.get((authorizer, identity), (None, 0.0))
        return result if self._clock() < expires else None

    def put(self, authorizer: LambdaAuthorizer, identity: tuple[str, ...], result: AuthorizerResult) -> None:
        """Keep a result, unless the authorizer caches nothing or has no identity sources. Drop those that expired."""
        now = self._clock()
        self._results = {key: value for key, value in self._results.items() if now < value[1]}
        if authorizer.ttl and identity:
            self._results[authorizer, identity] = (result, now + authorizer.ttl)

    @property
    def size(self) -> int:
        """Number of the results that are kept, also those that expired since the last one was put here."""
        return len(self._results)

    def forget(self, function: str) -> None:
        """Drop the results of a function: its code has changed, and may decide in another way."""
        self._results = {key: value for key, value in self._results.items() if key[0].function != function}
