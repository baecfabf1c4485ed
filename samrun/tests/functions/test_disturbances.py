"""Disturbances of functions: what their callers get, and what happens once they are mended."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from samrun.functions.disturbances import (
    Disturbance,
    DisturbanceError,
    Disturbances,
    DisturbingInvoker,
    Kind,
    disturbance,
)
from samrun.functions.invoker import FunctionThrottledError, InvocationOptions, InvocationResult
from support.fake_invoker import FakeInvoker
from support.python_function import create_function

FUNCTION = replace(create_function(Path(), None), name="fn", timeout=1)


class Disturbed:
    """A function with a timeout of a second, and its disturbances."""

    def __init__(self) -> None:
        self.disturbances = Disturbances()
        self.code = FakeInvoker("done")
        self._invoker = DisturbingInvoker(invoker=self.code, functions={"fn": FUNCTION}, disturbances=self.disturbances)

    async def invoke(self) -> InvocationResult:
        return await self._invoker.invoke("fn", b"{}", InvocationOptions(request_id="r-7"))


def run(test: Callable[[Disturbed], Awaitable[None]]) -> None:
    asyncio.run(_run(test))


async def _run(test: Callable[[Disturbed], Awaitable[None]]) -> None:
    await test(Disturbed())


def test_function_that_fails_does_not_run_its_code() -> None:
    async def test(fn: Disturbed) -> None:
        fn.disturbances.disturb("fn", Disturbance(kind="error"))
        result = await fn.invoke()
        assert (result.function_error, result.error_type) == ("Unhandled", "Samrun.Disturbance")
        assert result.request_id == "r-7"
        assert "switched to failing" in result.error_message
        assert fn.code.invocations == []

    run(test)


def test_function_that_times_out_does_so_after_its_timeout() -> None:
    async def test(fn: Disturbed) -> None:
        fn.disturbances.disturb("fn", Disturbance(kind="timeout"))
        result = await fn.invoke()
        assert result.error_type == "Sandbox.Timedout"
        assert "Task timed out after 1.00 seconds" in result.error_message
        assert fn.code.invocations == []

    run(test)


def test_throttled_function_refuses_its_invocations() -> None:
    async def test(fn: Disturbed) -> None:
        fn.disturbances.disturb("fn", Disturbance(kind="throttle"))
        with pytest.raises(FunctionThrottledError, match="Rate Exceeded"):
            await fn.invoke()

    run(test)


def test_slow_function_runs_its_code_after_the_delay() -> None:
    async def test(fn: Disturbed) -> None:
        fn.disturbances.disturb("fn", Disturbance(kind="delay", seconds=0.05))
        invocation = asyncio.create_task(fn.invoke())
        await asyncio.sleep(0)
        assert fn.code.invocations == []
        assert (await invocation).payload == b'"done"'

    run(test)


def test_delay_beyond_the_timeout_is_a_timeout() -> None:
    async def test(fn: Disturbed) -> None:
        fn.disturbances.disturb("fn", Disturbance(kind="delay", seconds=800))
        assert (await fn.invoke()).error_type == "Sandbox.Timedout"

    run(test)


@pytest.mark.parametrize("kind", ["delay", "timeout"])
def test_invocation_that_waits_goes_on_once_its_function_is_mended(kind: Kind) -> None:
    async def test(fn: Disturbed) -> None:
        fn.disturbances.disturb("fn", Disturbance(kind=kind, seconds=0.9))
        invocation = asyncio.create_task(fn.invoke())
        await asyncio.sleep(0.01)
        assert not invocation.done()
        fn.disturbances.mend_all()
        assert (await invocation).payload == b'"done"'
        assert fn.disturbances.all() == {}

    run(test)


def test_later_disturbance_replaces_the_one_before() -> None:
    async def test(fn: Disturbed) -> None:
        fn.disturbances.disturb("fn", Disturbance(kind="throttle"))
        fn.disturbances.disturb("fn", Disturbance(kind="error"))
        assert (await fn.invoke()).function_error
        fn.disturbances.mend("fn")
        assert not (await fn.invoke()).function_error

    run(test)


@pytest.mark.parametrize(
    ("kind", "seconds"), [("delay", 0), ("delay", 901), ("delay", "x"), ("delay", True), ("chaos", 1), (None, 0)]
)
def test_disturbance_that_there_is_not_is_refused(kind: object, seconds: object) -> None:
    with pytest.raises(DisturbanceError):
        disturbance(kind, seconds)
