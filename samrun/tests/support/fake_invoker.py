"""Fake of the protocol `Invoker`, for the tests of its callers."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from samrun.functions.invoker import InvocationOptions, InvocationResult

Function = Callable[[str, bytes], Awaitable[InvocationResult]]


class FakeInvoker:
    """Invoker that records its invocations. Each has the same result, or the one that `function` returns for it."""

    def __init__(self, result: Any = None, *, function: Function | None = None) -> None:
        self.invocations: list[tuple[str, bytes]] = []
        self._result = success(result)
        self._function = function

    @property
    def payloads(self) -> list[bytes]:
        return [payload for _, payload in self.invocations]

    @property
    def event(self) -> Any:
        """The event of the only invocation."""
        [payload] = self.payloads
        return json.loads(payload)

    async def invoke(
        self, function: str, payload: bytes, _options: InvocationOptions | None = None
    ) -> InvocationResult:
        json.loads(payload)  # as the runtime client of each function does
        self.invocations.append((function, payload))
        return await self._function(function, payload) if self._function else self._result


async def echo(_name: str, payload: bytes) -> InvocationResult:
    """Return the event, as a function of a `FakeInvoker`."""
    return InvocationResult(request_id="r-1", payload=payload)


def success(result: Any) -> InvocationResult:
    """Return the result of an invocation whose function returned `result`."""
    return InvocationResult(request_id="r-1", payload=json.dumps(result).encode())
