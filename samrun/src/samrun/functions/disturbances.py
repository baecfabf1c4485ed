"""Disturbances of functions: on purpose, a function fails, is slow, is throttled or times out, until it is mended."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from samrun.errors import SamrunError
from samrun.functions.invoker import (
    TIMED_OUT,
    FunctionThrottledError,
    InvocationOptions,
    InvocationResult,
    Invoker,
    timeout_message,
)
from samrun.template.model.functions import Function

Kind = Literal["error", "delay", "throttle", "timeout"]
KINDS: tuple[Kind, ...] = get_args(Kind)

ERROR_TYPE = "Samrun.Disturbance"
MAX_SECONDS = 900.0
"""The longest delay: a function has 15 minutes at most."""


@dataclass(frozen=True, kw_only=True)
class Disturbance:
    """Disturbance of a function: the same happens to each of its invocations.

    error      it fails, and the code does not run
    delay      the code runs `seconds` later; if the function's timeout is over by then, the invocation times out
    throttle   Lambda refuses it, with 429 TooManyRequestsException
    timeout    it fails once the function's timeout is over, and the code does not run
    """

    kind: Kind
    seconds: float = 0.0

    def __str__(self) -> str:
        """Say what the function does."""
        match self.kind:
            case "error":
                return "fails"
            case "delay":
                return f"is {self.seconds:g} s slow"
            case "throttle":
                return "is throttled"
            case "timeout":
                return "times out"


class DisturbanceError(SamrunError):
    """There is no such disturbance; the message says which ones there are."""


def disturbance(kind: object, seconds: object = 0.0) -> Disturbance:
    """Return the disturbance of a kind. Raises DisturbanceError."""
    for known in KINDS:
        if kind == known and known != "delay":
            return Disturbance(kind=known)
        if kind == known:
            if isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds <= MAX_SECONDS:
                return Disturbance(kind="delay", seconds=float(seconds))
            raise DisturbanceError(f"a delay has seconds, more than 0 and at most {MAX_SECONDS:g}, not {seconds!r}")
    raise DisturbanceError(f"kind: write one of {', '.join(KINDS)}")


@dataclass(frozen=True, kw_only=True)
class _Active:
    disturbance: Disturbance
    mended: asyncio.Event = field(default_factory=asyncio.Event)


class Disturbances:
    """The disturbances of a stack, by function. Only the thread of the event loop uses them."""

    def __init__(self) -> None:
        self._active: dict[str, _Active] = {}

    def all(self) -> Mapping[str, Disturbance]:
        """Return the disturbance of each function that is disturbed."""
        return {name: active.disturbance for name, active in self._active.items()}

    def disturb(self, function: str, disturbance: Disturbance) -> None:
        """Disturb a function from now on, in the place of what disturbed it before."""
        self.mend(function)
        self._active[function] = _Active(disturbance=disturbance)

    def mend(self, function: str) -> None:
        """End the disturbance of a function, if there is one. The invocations that wait go on at once."""
        if active := self._active.pop(function, None):
            active.mended.set()

    def mend_all(self) -> None:
        """End all disturbances."""
        for function in list(self._active):
            self.mend(function)

    async def result(self, function: Function) -> InvocationResult | None:
        """Return the result of an invocation that does not reach the code; None if the code is to run now.

        Raises FunctionThrottledError.
        """
        if (active := self._active.get(function.name)) is None:
            return None
        match active.disturbance.kind:
            case "error":
                return InvocationResult.of_error(ERROR_TYPE, f"{function.name} is switched to failing in samrun")
            case "throttle":
                raise FunctionThrottledError(f"{function.name} is switched to throttled in samrun: Rate Exceeded.")
            case "delay" if active.disturbance.seconds < function.timeout:
                await _wait(active.mended, active.disturbance.seconds)
                return None
            case _:
                if await _wait(active.mended, function.timeout):
                    return None
                return InvocationResult.of_error(TIMED_OUT, timeout_message(function.timeout))


async def _wait(mended: asyncio.Event, seconds: float) -> bool:
    """Wait for some seconds. Return whether the function was mended before their end."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(mended.wait(), seconds)
    return mended.is_set()


@dataclass(frozen=True, kw_only=True)
class DisturbingInvoker:
    """An Invoker whose functions can be disturbed."""

    invoker: Invoker
    functions: Mapping[str, Function]
    disturbances: Disturbances

    async def invoke(self, function: str, payload: bytes, options: InvocationOptions | None = None) -> InvocationResult:
        """Invoke a function, as `Invoker.invoke` does, unless a disturbance is in its way."""
        known = self.functions.get(function)
        disturbed = await self.disturbances.result(known) if known else None
        if disturbed is None:
            return await self.invoker.invoke(function, payload, options)
        return replace(disturbed, request_id=options.request_id) if options else disturbed
