"""Log of invocations: what is noted of each, and what is forgotten."""

import asyncio

import pytest

from samrun.functions import invocation_log as module
from samrun.functions.invocation_log import InvocationLog, LoggingInvoker
from samrun.functions.invoker import FunctionNotFoundError, InvocationOptions, InvocationResult
from support.fake_invoker import FakeInvoker


def test_the_log_has_the_event_and_the_result() -> None:
    log = InvocationLog()
    invoker = LoggingInvoker(invoker=FakeInvoker("done"), log=log)
    result = asyncio.run(invoker.invoke("Fn", b"{}", InvocationOptions(qualifier="live")))
    [logged] = log.after(0)
    assert (logged.number, logged.function, logged.event, logged.qualifier) == (1, "Fn", b"{}", "live")
    assert logged.result is result
    assert (logged.is_running, log.under_way, log.started) == (False, 0, 1)


def test_invocations_are_found_by_number_and_function() -> None:
    log = InvocationLog()
    invoker = LoggingInvoker(invoker=FakeInvoker(), log=log)

    async def invoke() -> None:
        for function in ("A", "B", "A"):
            await invoker.invoke(function, b"{}")

    asyncio.run(invoke())
    assert [each.number for each in log.after(1)] == [2, 3]
    assert [each.number for each in log.after(0, "A")] == [1, 3]


def test_an_invocation_whose_caller_stops_waiting_is_under_way_until_it_ends() -> None:
    async def run() -> None:
        log, may_end = InvocationLog(), asyncio.Event()

        async def wait(_function: str, payload: bytes) -> InvocationResult:
            await may_end.wait()
            return InvocationResult(request_id="r-1", payload=payload)

        invoker = LoggingInvoker(invoker=FakeInvoker(function=wait), log=log)
        caller = asyncio.create_task(invoker.invoke("Fn", b"{}"))
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert log.under_way == 1
        may_end.set()
        await log.wait_until_none_runs()
        [logged] = log.after(0)
        assert logged.result == InvocationResult(request_id="r-1", payload=b"{}")

    asyncio.run(run())


def test_a_refused_invocation_has_no_result() -> None:
    async def refuse(_function: str, _payload: bytes) -> InvocationResult:
        raise FunctionNotFoundError("There is no function Fn.")

    log = InvocationLog()
    with pytest.raises(FunctionNotFoundError):
        asyncio.run(LoggingInvoker(invoker=FakeInvoker(function=refuse), log=log).invoke("Fn", b"{}"))
    [logged] = log.after(0)
    assert (logged.is_running, logged.result, log.under_way) == (False, None, 0)


def result(payload: bytes) -> InvocationResult:
    return InvocationResult(request_id="r-1", payload=payload)


def test_the_oldest_are_forgotten_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_INVOCATIONS", 2)
    log = InvocationLog()
    for number in range(4):
        log.end(log.begin("Fn", b"%d" % number, InvocationOptions()), result(b""), seconds=1)
    assert [each.event for each in log.after(0)] == [b"2", b"3"]
    assert (log.started, log.under_way) == (4, 0)


def test_the_oldest_are_forgotten_by_size_of_events_and_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_BYTES", 10)
    log = InvocationLog()
    first, second = (log.begin("Fn", b"event", InvocationOptions()) for _ in range(2))
    assert len(list(log.after(0))) == 2
    log.end(first, result(b"!"), seconds=1)
    assert [each.number for each in log.after(0)] == [2]
    log.end(second, result(b"more than all"), seconds=1)
    assert [each.number for each in log.after(0)] == [2]
    log.end(log.begin("Fn", b"e", InvocationOptions()), result(b""), seconds=1)
    assert [each.number for each in log.after(0)] == [3]


def test_an_invocation_that_is_forgotten_while_it_runs_ends_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_INVOCATIONS", 1)
    log = InvocationLog()
    first = log.begin("Fn", b"1", InvocationOptions())
    log.begin("Fn", b"2", InvocationOptions())
    log.end(first, result(b"done"), seconds=1)
    assert [each.event for each in log.after(0)] == [b"2"]
    assert log.under_way == 1
