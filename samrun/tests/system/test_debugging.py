"""Debugging: an editor's debugger stops in functions of a stack, and nothing ends them while it holds them."""

import json
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from kafka import KafkaProducer

from samrun.endpoints import Endpoints
from samrun.testing.aws import client
from samrun.testing.stack import RunningStack
from samrun.testing.waiting import eventually
from support.debug_client import DebugClient

pytestmark = pytest.mark.xdist_group("debugged-stack")

APPLICATION = Path(__file__).parents[1] / "apps" / "debugged"
# Seconds: longer than the timeout of the functions, and than that of the API's route.
HOLD = 2.5


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(APPLICATION, tmp_path_factory.mktemp("project") / "debugged"))


@pytest.fixture(scope="module")
def stack(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    options = ["--debug", "Records=0", "--debug", "Stops=0"]
    with RunningStack(project, tmp_path_factory.mktemp("data"), options=options) as stack:
        yield stack


@pytest.fixture
def code(project: Path) -> Path:
    return project / "src" / "debugged.py"


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def port(stack: RunningStack, function: str) -> int:
    return int(Endpoints.read(stack.data).debuggers[function].rpartition(":")[2])


def line_of(code: Path, text: str) -> int:
    [number] = [number for number, line in enumerate(code.read_text().splitlines(), 1) if text in line]
    return number


def produce(stack: RunningStack, value: bytes) -> None:
    producer = KafkaProducer(bootstrap_servers=stack.endpoints["kafka"])
    producer.send("orders", value).get(30)
    producer.close()


def invoke(stack: RunningStack, function: str, payload: dict[str, Any]) -> Any:
    answer = client("lambda", stack.endpoints["lambda"]).invoke(FunctionName=function, Payload=json.dumps(payload))
    return answer.get("FunctionError"), json.load(answer["Payload"])


def test_stack_says_where_a_debugger_can_connect(stack: RunningStack) -> None:
    number = port(stack, "Records")
    assert stack.logged(f"debug Records   127.0.0.1:{number}"), "in the banner"
    eventually(
        lambda: stack.logged(f"waits for a debugger on 127.0.0.1:{number}"), what="the function to wait for a debugger"
    )


def test_a_record_is_held_longer_than_the_timeout_and_processed_once(stack: RunningStack, code: Path) -> None:
    with DebugClient(port(stack, "Records")) as debugger:
        assert debugger.set_breakpoints(code, line_of(code, "print(")) == [True]
        debugger.start()
        produce(stack, b"the first")
        thread, frame = debugger.wait_for_stop()
        assert frame["source"]["path"] == str(code)
        assert frame["name"] == "handle_records"
        assert debugger.variables(frame)["value"] == "'the first'"
        assert debugger.evaluate("record['offset'] + len(value)", frame) == "9"
        time.sleep(HOLD)
        debugger.resume(thread)
        eventually(lambda: stack.has_committed_all("debugged"), what="the record to be committed")
    assert len(stack.logged("handled the first")) == 1
    assert len(stack.logged("(1 record) → Records")) == 1, "one invocation"
    assert not stack.logged("Records failed")


def test_a_request_is_held_longer_than_the_timeout_of_its_route(
    stack: RunningStack, code: Path, thread: ThreadPoolExecutor
) -> None:
    with DebugClient(port(stack, "Records")) as debugger:
        debugger.set_breakpoints(code, line_of(code, "return f"))
        debugger.start()
        answer = thread.submit(httpx.get, f"{stack.endpoints['api']}/orders/7", timeout=None)
        held, frame = debugger.wait_for_stop()
        assert debugger.variables(frame)["order_id"] == "'7'"
        time.sleep(HOLD)
        debugger.resume(held)
        assert (answer.result().status_code, answer.result().text) == (200, "order 7")


def test_breakpoint_in_the_code_stops_in_the_debugger(stack: RunningStack, thread: ThreadPoolExecutor) -> None:
    with DebugClient(port(stack, "Stops")) as debugger:
        debugger.start()
        answer = thread.submit(invoke, stack, "Stops", {"number": 21})
        held, frame = debugger.wait_for_stop()
        assert frame["name"] == "stop_here"
        assert debugger.variables(frame)["number"] == "21"
        time.sleep(HOLD)
        debugger.resume(held)
        assert answer.result() == (None, 42)


def test_breakpoint_without_a_debugger_says_what_to_do_and_goes_on(stack: RunningStack, code: Path) -> None:
    for _ in range(2):
        assert invoke(stack, "Unwatched", {"number": 21}) == (None, 42)
    number = line_of(code, "breakpoint()")
    [line] = stack.logged(f"breakpoint() in debugged.py:{number} did not stop")
    assert "Start samrun with --debug Unwatched" in line


def test_changed_code_waits_for_a_debugger_on_the_same_port(stack: RunningStack, code: Path) -> None:
    waiting = len(stack.logged("waits for a debugger"))
    with DebugClient(port(stack, "Records")) as debugger:
        debugger.set_breakpoints(code, line_of(code, "print("))
        debugger.start()
        produce(stack, b"before the change")
        held, _ = debugger.wait_for_stop()
        code.write_text(code.read_text().replace("handled", "now handled"))
        eventually(lambda: stack.logged("Records") and stack.logged("code changed"), what="the change to be noticed")
        debugger.resume(held)
        eventually(lambda: stack.logged("handled before the change"), what="the invocation to come to its end")
    with DebugClient(port(stack, "Records")) as debugger:
        debugger.set_breakpoints(code, line_of(code, "print("))
        debugger.start()
        produce(stack, b"after the change")
        held, frame = debugger.wait_for_stop()
        assert debugger.variables(frame)["value"] == "'after the change'"
        debugger.resume(held)
        eventually(lambda: stack.logged("now handled after the change"), what="the changed code to handle a record")
    assert not stack.logged("now handled before the change")
    assert len(stack.logged("waits for a debugger")) > waiting


def test_log_of_a_function_that_is_debugged_has_no_warnings(stack: RunningStack) -> None:
    log = (stack.data / "logs" / "functions" / "Records.log").read_text()
    assert "waits for a debugger" in log
    assert "arning" not in log
    assert "frozen" not in log
