"""Debugger of a function: its process waits for one, and lets nothing else in."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from samrun.functions.process_runtime import ProcessRuntime
from samrun.supervision import ports
from samrun.supervision.ports import LOOPBACK
from samrun.template.model.functions import Function
from samrun.testing.waiting import eventually
from support.debug_client import DebugClient
from support.python_function import CODE, create_function, running_runtime

WAITS = "waits for a debugger on"


@pytest.fixture
def function(tmp_path: Path) -> Function:
    """A function that is debugged, and whose timeout is over before any invocation is."""
    return replace(create_function(tmp_path), debug_port=ports.claim("test", 0), timeout=0)


async def wait_until(look: Callable[[], object]) -> None:
    await asyncio.to_thread(eventually, look, what="the function to wait for a debugger")


def let_it_start(function: Function) -> None:
    assert function.debug_port
    with DebugClient(function.debug_port) as debugger:
        debugger.start()


def said(lines: list[str], text: str) -> list[str]:
    return [line for line in lines if text in line]


def never(_function: Function) -> None:
    pytest.fail("no debugger is waited for")


def test_function_waits_for_a_debugger_before_its_first_invocation_alone(function: Function) -> None:
    async def scenario(lines: list[str]) -> None:
        async with running_runtime(function, log=lines) as runtime:
            invocation = asyncio.create_task(runtime.invoke("Fn", b'"first"'))
            await wait_until(lambda: said(lines, WAITS))
            assert not invocation.done()
            await asyncio.to_thread(let_it_start, function)
            assert (await invocation).payload == b'"first"'
            assert (await runtime.invoke("Fn", b'"second"')).payload == b'"second"'

    lines: list[str] = []
    asyncio.run(scenario(lines))
    assert lines == [
        f"{WAITS} 127.0.0.1:{function.debug_port}",
        "a debugger is there: the function starts",
        "echoing",
        "echoing",
    ]


def test_a_runtime_starts_the_functions_that_are_debugged_and_waits_for_none(function: Function) -> None:
    async def scenario(lines: list[str]) -> None:
        async with running_runtime(function, log=lines) as runtime:
            await runtime.warm(never)
            assert lines == []
            runtime.start_debugged()
            await wait_until(lambda: said(lines, WAITS))

    asyncio.run(scenario([]))


def test_web_page_is_no_debugger(function: Function, tmp_path: Path) -> None:
    file = tmp_path / "written-by-a-page"
    # debugpy would read this body as a message, and run the code in it.
    arguments = {"expression": f"open({str(file)!r}, 'w')", "context": "repl"}
    body = json.dumps({"seq": 1, "type": "request", "command": "evaluate", "arguments": arguments})

    def send() -> None:
        with pytest.raises(httpx.HTTPError):
            httpx.post(f"http://127.0.0.1:{function.debug_port}/", content=body, timeout=60)

    async def scenario(lines: list[str]) -> None:
        async with running_runtime(function, log=lines) as runtime:
            runtime.start_debugged()
            await wait_until(lambda: said(lines, WAITS))
            await asyncio.to_thread(send)
            await asyncio.to_thread(let_it_start, function)
            assert (await runtime.invoke("Fn", b"1")).payload == b"1"

    lines: list[str] = []
    asyncio.run(scenario(lines))
    assert not file.exists()
    assert len(lines) == 3, "neither the page nor debugpy says more"


def test_change_of_the_code_while_it_waits_starts_it_again_on_the_same_port(function: Function) -> None:
    async def scenario(lines: list[str]) -> None:
        async with running_runtime(function, log=lines) as runtime:
            watching, changed = asyncio.Event(), asyncio.Event()
            reload = asyncio.create_task(runtime.reload(lambda _: changed.set(), watching=watching))
            await watching.wait()
            invocation = asyncio.create_task(runtime.invoke("Fn", b"1"))
            await wait_until(lambda: said(lines, WAITS))
            Path(function.code, "main.py").write_text(CODE.replace("return event", "return 'changed'"))
            await wait_until(lambda: len(said(lines, WAITS)) == 2)
            await asyncio.to_thread(let_it_start, function)
            assert (await invocation).payload == b'"changed"'
            reload.cancel()

    asyncio.run(scenario([]))


def test_function_starts_again_on_the_same_port_after_it_died(function: Function) -> None:
    async def start_and_invoke(runtime: ProcessRuntime) -> str:
        invocation = asyncio.create_task(runtime.invoke("Fn", b"{}"))
        await asyncio.to_thread(let_it_start, function)
        return (await invocation).error_type

    async def scenario() -> list[str]:
        async with running_runtime(replace(function, handler="main.dies")) as runtime:
            return [await start_and_invoke(runtime) for _ in range(2)]

    assert asyncio.run(scenario()) == ["Runtime.ExitError"] * 2


def test_port_that_is_taken_meanwhile_is_said(function: Function) -> None:
    async def scenario(lines: list[str]) -> None:
        async with running_runtime(function, log=lines) as runtime:
            assert (await runtime.invoke("Fn", b"{}")).error_type == "Runtime.ExitError"

    lines: list[str] = []
    assert function.debug_port
    with ports.listen("test", function.debug_port):
        asyncio.run(scenario(lines))
    assert said(lines, f"A debugger cannot connect, since something else has the port {function.debug_port}")


def test_function_gets_nothing_but_debugpy_from_the_packages_of_the_runner(function: Function) -> None:
    Path(function.code, "paths.py").write_text("import sys\ndef handler(event, context): return sys.path\n")

    async def paths(of: Function) -> list[str]:
        async with running_runtime(of) as runtime:
            invocation = asyncio.create_task(runtime.invoke("Fn", b"{}"))
            if of.debug_port:
                await asyncio.to_thread(let_it_start, of)
            found: list[str] = json.loads((await invocation).payload)
            return found

    debugged = replace(function, handler="paths.handler")
    assert asyncio.run(paths(debugged)) == asyncio.run(paths(replace(debugged, debug_port=None, timeout=5)))


def test_client_that_says_nothing_keeps_no_debugger_out(function: Function) -> None:
    async def scenario(lines: list[str]) -> None:
        async with running_runtime(function, log=lines) as runtime:
            runtime.start_debugged()
            await wait_until(lambda: said(lines, WAITS))
            _, silent = await asyncio.open_connection(LOOPBACK, function.debug_port)
            await asyncio.to_thread(let_it_start, function)
            assert (await runtime.invoke("Fn", b"1")).payload == b"1"
            silent.close()

    asyncio.run(scenario([]))


def test_developer_s_own_breakpoint_hook_is_kept(function: Function) -> None:
    """PYTHONBREAKPOINT=0 in the template switches breakpoints off, and samrun's advice with them."""
    Path(function.code, "main.py").write_text(
        "import os\ndef stops(event, context):\n    breakpoint()\n    return os.environ['PYTHONBREAKPOINT']\n"
    )

    async def scenario(lines: list[str], **environment: str) -> bytes:
        plain = replace(function, handler="main.stops", debug_port=None, timeout=5, environment=environment)
        async with running_runtime(plain, log=lines) as runtime:
            return (await runtime.invoke("Fn", b"{}")).payload

    lines: list[str] = []
    assert asyncio.run(scenario(lines, PYTHONBREAKPOINT="0")) == b'"0"'
    assert lines == []
    assert asyncio.run(scenario(lines)) == b'"samrun_debug.report_breakpoint"'
    [line] = lines
    assert line.startswith("breakpoint() in main.py:3 did not stop: there is no debugger.")
    assert "--debug Fn" in line
