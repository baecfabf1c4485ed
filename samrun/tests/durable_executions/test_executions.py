"""Durable functions: which they are, what the local runner is told of them, and what it answers."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from samrun.durable_executions.durable_invoker import DurableInvoker
from samrun.durable_executions.executions import DurableExecutions, ExecutionError
from samrun.durable_executions.local_runner import function_configs
from samrun.functions.invoker import InvocationOptions, InvocationResult
from samrun.template.model.functions import DurableConfig, Function
from support.fake_invoker import FakeInvoker
from support.python_function import create_function
from support.templates import FUNCTION, load_template
from support.web_server import serve_in_thread

ARN = "arn:aws:lambda:us-east-1:123456789012:function:Fn:$LATEST/durable-execution/a/b"


@pytest.fixture
def durable(tmp_path: Path) -> Function:
    return replace(create_function(tmp_path), durable=DurableConfig(execution_timeout=60, retention_days=2))


class _Runner:
    """The runner's API, with one execution that looks like this each time that it is asked for."""

    def __init__(self, *looks: dict[str, Any]) -> None:
        self.started: list[Any] = []
        self._looks = list(looks)
        self.app = Starlette(
            routes=[
                Route("/start-durable-execution", self._start, methods=["POST"]),
                Route("/2025-12-01/durable-executions/{arn:path}", self._look),
            ]
        )

    async def _start(self, request: Request) -> Response:
        self.started.append(await request.json())
        return JSONResponse({"ExecutionArn": ARN}, status_code=201)

    async def _look(self, request: Request) -> Response:
        assert request.path_params["arn"] == ARN
        return JSONResponse(self._looks.pop(0))


def _invoke(runner: _Runner, function: Function, *requests: tuple[str, bytes]) -> list[InvocationResult]:
    """Return the results of invocations, each with a request id."""

    async def scenario(url: str) -> list[InvocationResult]:
        executions = DurableExecutions([function], runner=url)
        try:
            invoker = DurableInvoker(FakeInvoker("not durable"), executions)
            return [
                await invoker.invoke("Fn", payload, InvocationOptions(request_id=request_id))
                for request_id, payload in requests
            ]
        finally:
            await executions.close()

    with serve_in_thread(runner.app) as url:
        return asyncio.run(scenario(url))


def test_function_with_a_durable_config_is_durable(tmp_path: Path) -> None:
    resources = f"""
  Plain:{FUNCTION}
  Long:{FUNCTION}      DurableConfig: {{ExecutionTimeout: 60, RetentionPeriodInDays: 2}}
"""
    application = load_template(tmp_path, resources)
    assert application.ignored == ()
    assert function_configs(application.functions) == {
        "Plain": {},
        "Long": {"DurableConfig": {"ExecutionTimeout": 60, "RetentionPeriodInDays": 2}},
    }


def test_invocation_is_an_execution_and_has_its_result(durable: Function) -> None:
    runner = _Runner({"Status": "RUNNING"}, {"Status": "SUCCEEDED", "Result": '{"a": 1}'})
    [result] = _invoke(runner, durable, ("r-1", b'{"b": 2}'))
    assert (json.loads(result.payload), result.function_error) == ({"a": 1}, None)
    assert runner.started[0]["Input"] == '{"b": 2}'
    assert (runner.started[0]["ExecutionName"], runner.started[0]["ExecutionTimeoutSeconds"]) == ("r-1", 60)


def test_retry_of_a_request_starts_no_second_execution(durable: Function) -> None:
    failed = {"Status": "FAILED", "Error": {"ErrorType": "OutOfApples", "ErrorMessage": "none left"}}
    runner = _Runner(failed, failed)
    first, retried = _invoke(runner, durable, ("r-1", b"{}"), ("r-1", b"{}"))
    assert len(runner.started) == 1
    assert first == retried
    assert (first.function_error, first.error_type, first.error_message) == ("Unhandled", "OutOfApples", "none left")


def test_name_of_an_execution_with_another_payload_is_refused(durable: Function) -> None:
    runner = _Runner({"Status": "TIMED_OUT"})
    timed_out, refused = _invoke(runner, durable, ("r-1", b"{}"), ("r-1", b"[]"))
    assert timed_out.error_type == "Execution.TIMED_OUT"
    assert refused.error_type == "DurableExecutionAlreadyStartedException"


def test_error_of_the_runner_is_the_error_of_the_start(durable: Function) -> None:
    async def start(url: str) -> None:
        executions = DurableExecutions([durable], runner=url)
        try:
            await executions.start("Fn", b"{}", InvocationOptions())
        finally:
            await executions.close()

    with serve_in_thread(Starlette()) as url, pytest.raises(ExecutionError) as caught:
        asyncio.run(start(url))
    assert caught.value.status == 404
