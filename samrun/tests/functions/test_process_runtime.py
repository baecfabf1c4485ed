"""Process runtime: functions in processes of their own, under AWS's runtime client."""

import asyncio
import gc
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from samrun.functions.environment_pool import EnvironmentPool
from samrun.functions.invoker import FunctionNotFoundError, InvocationOptions, InvocationResult, PayloadTooLargeError
from samrun.pythons.current_python import CURRENT
from samrun.template.model.functions import Function
from samrun.testing.waiting import eventually
from support.python_function import CODE, create_function, running_runtime


@pytest.fixture
def function(tmp_path: Path) -> Function:
    return create_function(tmp_path)


async def _invoke(function: Function, handler: str, payload: Any = None, **options: Any) -> Any:
    async with running_runtime(replace(function, handler=f"main.{handler}", **options)) as runtime:
        result = await runtime.invoke("Fn", json.dumps(payload).encode())
        return result.function_error, json.loads(result.payload)


def test_result_is_what_the_function_returns(function: Function) -> None:
    payload = {"text": "Nguyễn \u2028 \U0001f4da", "list": [1, 2.5, None]}
    assert asyncio.run(_invoke(function, "echo", payload)) == (None, payload)


def test_function_has_its_own_environment_and_no_variable_of_the_developer(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("SECRET_OF_THE_DEVELOPER", "x")
    _, found = asyncio.run(_invoke(function, "environment"))
    environment = found["environment"]
    assert environment["OWN"] == "variable"
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1", "the template's empty value must not win"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "Fn"
    assert environment["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert not {"AWS_PROFILE", "SECRET_OF_THE_DEVELOPER"} & environment.keys()
    assert found["memory"] == "256"
    assert 0 < found["left"] <= 5000
    assert found["arn"] == function.arn
    assert found["request_id"]
    assert found["pid"] != os.getpid()


def test_runtime_client_has_one_connection_for_as_long_as_an_invocation_takes(function: Function) -> None:
    """uvicorn ends one without a request after 5 s: the response of a function that took 5 s could not be sent."""

    async def connections_of_sleeper() -> list[str]:
        async with running_runtime(replace(function, handler="main.sleeps", timeout=8)) as runtime:
            invocation = asyncio.create_task(runtime.invoke("Fn", b"{}"))
            await asyncio.sleep(7)
            [sleeper] = [each for each in psutil.Process().children() if "awslambdaric" in each.cmdline()]
            found = [each.status for each in sleeper.net_connections() if each.raddr]
            await invocation
            return found

    assert asyncio.run(connections_of_sleeper()) == [psutil.CONN_ESTABLISHED]


def test_result_of_an_exception_has_its_type(function: Function) -> None:
    error, payload = asyncio.run(_invoke(function, "fails"))
    assert error == "Unhandled"
    assert payload["errorType"] == "ValueError"
    assert payload["errorMessage"] == "of no use"


@pytest.mark.parametrize(
    ("handler", "error_type", "message"),
    [
        ("dies", "Runtime.ExitError", "exit status 3"),
        ("too_much", "Function.ResponseSizeTooLarge", "6291456"),
        ("no_json", "Runtime.MarshalError", "not JSON serializable"),
    ],
)
def test_result_of_a_failure_says_what_failed(function: Function, handler: str, error_type: str, message: str) -> None:
    error, payload = asyncio.run(_invoke(function, handler))
    assert error == "Unhandled"
    assert payload["errorType"] == error_type
    assert message in payload["errorMessage"]


def test_invocations_leave_nothing_behind(function: Function) -> None:
    async def futures_after_invocations() -> list[int]:
        counts = []
        async with running_runtime(replace(function, handler="main.echo")) as runtime:
            for _ in range(2):
                for _ in range(20):
                    await runtime.invoke("Fn", b"{}")
                gc.collect()
                counts.append(sum(type(each) is asyncio.Future for each in gc.get_objects()))
        return counts

    after_20, after_40 = asyncio.run(futures_after_invocations())
    assert after_40 - after_20 < 10


def test_function_is_ended_at_its_timeout(function: Function) -> None:
    error, payload = asyncio.run(_invoke(function, "sleeps", timeout=1))
    assert error == "Unhandled"
    assert payload["errorType"] == "Sandbox.Timedout"
    assert payload["errorMessage"].endswith("Task timed out after 1.00 seconds")


def test_init_that_fails_is_a_result_and_is_retried_by_the_next_invocation(function: Function) -> None:
    async def scenario() -> None:
        async with running_runtime(replace(function, handler="missing.handler")) as runtime:
            first = await runtime.invoke("Fn", b"{}")
            assert json.loads(first.payload)["errorType"] == "Runtime.ImportModuleError"
            Path(function.code, "missing.py").write_text("def handler(event, context): return 'fixed'")
            second = await runtime.invoke("Fn", b"{}")
            assert (second.function_error, second.payload) == (None, b'"fixed"')

    asyncio.run(scenario())


def test_invocation_after_a_crash_gets_a_new_process(function: Function) -> None:
    async def scenario() -> None:
        source = Path(function.code, "main.py")
        source.write_text(f"{CODE}\ndef mixed(event, context): return dies(0, 0) if event else 'lives'")
        async with running_runtime(replace(function, handler="main.mixed")) as runtime:
            assert (await runtime.invoke("Fn", b"1")).function_error
            assert (await runtime.invoke("Fn", b"0")).payload == b'"lives"'

    asyncio.run(scenario())


def test_environment_runs_one_invocation_at_a_time_and_is_reused(function: Function) -> None:
    async def scenario() -> tuple[list[bytes], list[bytes]]:
        async with running_runtime(replace(function, handler="main.pid_after_a_while"), limit=2) as runtime:
            together = await asyncio.gather(*(runtime.invoke("Fn", b"{}") for _ in range(6)))
            alone = [await runtime.invoke("Fn", b"{}") for _ in range(2)]
            return [result.payload for result in together], [result.payload for result in alone]

    together, alone = asyncio.run(scenario())
    assert len(set(together)) == 2, "as many processes as the limit allows"
    assert set(alone) <= set(together)


def test_invocation_continues_when_its_caller_stops_waiting(function: Function) -> None:
    async def scenario() -> None:
        async with running_runtime(replace(function, handler="main.pid_after_a_while"), limit=1) as runtime:
            first = await runtime.invoke("Fn", b"{}")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(runtime.invoke("Fn", b"{}"), 0.05)
            last = await runtime.invoke("Fn", b"{}")
            assert (last.function_error, last.payload) == (None, first.payload)

    asyncio.run(scenario())


def test_invocation_starts_even_if_its_caller_has_stopped_waiting(function: Function) -> None:
    async def scenario() -> list[str]:
        lines: list[str] = []
        async with running_runtime(function, limit=1, log=lines) as runtime:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(runtime.invoke("Fn", b'"abandoned"'), 0.001)
            await runtime.invoke("Fn", b'"waited for"')
        return lines

    assert len(asyncio.run(scenario())) == 2, "one line for each invocation"


def test_stop_releases_every_waiting_caller(function: Function) -> None:
    async def scenario() -> list[InvocationResult | BaseException]:
        async with running_runtime(replace(function, handler="main.sleeps"), limit=1) as runtime:
            invocations = [asyncio.create_task(runtime.invoke("Fn", b"{}")) for _ in range(3)]
            await asyncio.sleep(0)
        return await asyncio.wait_for(asyncio.gather(*invocations, return_exceptions=True), 10)

    assert len(asyncio.run(scenario())) == 3


def test_changed_code_runs_in_new_environments(function: Function) -> None:
    async def scenario() -> bytes:
        changed = asyncio.Event()
        async with running_runtime(function) as runtime:
            assert (await runtime.invoke("Fn", b'"old"')).payload == b'"old"'
            watching = asyncio.Event()
            reload = asyncio.create_task(runtime.reload(lambda _: changed.set(), watching=watching))
            await watching.wait()
            Path(function.code, "main.py").write_text("def echo(event, context): return 'new'")
            await asyncio.wait_for(changed.wait(), 30)
            result = await runtime.invoke("Fn", b'"old"')
            reload.cancel()
            return result.payload

    assert asyncio.run(scenario()) == b'"new"'


def test_invocation_that_waits_for_an_init_gets_the_changed_code(function: Function) -> None:
    """The init of the old code would fail, after 10 s: it ends with the change."""

    async def scenario(code: Path) -> bytes:
        code.write_text("import pathlib, time; pathlib.Path('started').touch(); time.sleep(60)")
        async with running_runtime(function) as runtime:
            watching = asyncio.Event()
            reload = asyncio.create_task(runtime.reload(lambda _: None, watching=watching))
            await watching.wait()
            invocation = asyncio.create_task(runtime.invoke("Fn", b"{}"))
            await asyncio.to_thread(eventually, code.with_name("started").exists, what="the init of the old code")
            code.write_text("def echo(event, context): return 'new'")
            result = await invocation
            reload.cancel()
            return result.payload

    assert asyncio.run(scenario(Path(function.code, "main.py"))) == b'"new"'


def test_unknown_function_and_too_large_payload_are_refused(function: Function) -> None:
    async def scenario() -> None:
        async with running_runtime(function) as runtime:
            with pytest.raises(FunctionNotFoundError, match="there are Fn"):
                await runtime.invoke("Other", b"{}")
            with pytest.raises(PayloadTooLargeError):
                await runtime.invoke("Fn", b" " * (6 * 1024 * 1024 + 1))

    asyncio.run(scenario())


@pytest.mark.parametrize("broken", [{"environment": {"OWN": "a\0b"}}, {"code": Path("/nowhere/at/all")}])
def test_process_that_cannot_start_is_a_result_and_leaves_nothing_open(
    function: Function, broken: dict[str, Any]
) -> None:
    async def scenario() -> None:
        pool = EnvironmentPool(replace(function, **broken), CURRENT, variables={}, limit=1, log=lambda *_: None)
        await pool.invoke(b"{}", InvocationOptions())  # the first one opens what stays, such as files of modules
        before = psutil.Process().num_fds()
        for _ in range(3):
            result = await pool.invoke(b"{}", InvocationOptions())
            assert result.error_type == "Sandbox.StartFailed"
        await pool.stop()
        assert psutil.Process().num_fds() <= before

    asyncio.run(scenario())
