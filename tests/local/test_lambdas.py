"""Functions in processes of their own, under AWS's runtime client."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from local.invoker import Answer, FunctionNotFoundError, PayloadTooLargeError
from local.lambdas.api import invoke_api
from local.lambdas.service import Lambdas
from local.model import Function

CODE = """
import json, os, sys, time

def echo(event, context):
    print("echoing")
    return event

def environment(event, context):
    return {"pid": os.getpid(), "environment": dict(os.environ), "memory": context.memory_limit_in_mb,
            "left": context.get_remaining_time_in_millis(), "arn": context.invoked_function_arn,
            "request_id": context.aws_request_id}

def pid_after_a_while(event, context):
    time.sleep(0.3)
    return os.getpid()

def fails(event, context):
    raise ValueError("of no use")

def dies(event, context):
    os._exit(3)

def sleeps(event, context):
    time.sleep(60)

def too_much(event, context):
    return "x" * (7 * 1024 * 1024)

def no_json(event, context):
    return {1, 2}
"""


@pytest.fixture
def function(tmp_path: Path) -> Function:
    (tmp_path / "main.py").write_text(CODE)
    return Function(
        name="Fn",
        arn="arn:aws:lambda:us-east-1:123456789012:function:Fn",
        handler="main.echo",
        code=tmp_path,
        watched=tmp_path,
        timeout=5,
        memory=256,
        concurrency=None,
        environment={"OWN": "variable", "AWS_ENDPOINT_URL": ""},
        log_format="Text",
    )


@asynccontextmanager
async def _running(*functions: Function, limit: int = 2, log: list[str] | None = None) -> AsyncIterator[Lambdas]:
    lines = log if log is not None else []
    lambdas = Lambdas(
        functions,
        variables={"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_DEFAULT_REGION": "us-east-1"},
        limit=limit,
        log=lambda _, line: lines.append(line),
    )
    try:
        yield lambdas
    finally:
        await lambdas.stop()
        assert [child for child in psutil.Process().children() if "awslambdaric" in child.cmdline()] == []


async def _invoke(function: Function, handler: str, payload: Any = None, **options: Any) -> Any:
    async with _running(replace(function, handler=f"main.{handler}", **options)) as lambdas:
        answer = await lambdas.invoke("Fn", json.dumps(payload).encode())
        return answer.function_error, json.loads(answer.payload)


def test_a_function_answers_what_it_returns(function: Function) -> None:
    payload = {"text": "Nguyễn \u2028 \U0001f4da", "list": [1, 2.5, None]}
    assert asyncio.run(_invoke(function, "echo", payload)) == (None, payload)


def test_a_function_has_its_own_environment_and_nothing_of_ours(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("SECRET_OF_THE_DEVELOPER", "x")
    _, found = asyncio.run(_invoke(function, "environment"))
    environment = found["environment"]
    assert environment["OWN"] == "variable"
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1", "an empty one of the template must not win"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "Fn"
    assert environment["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert not {"AWS_PROFILE", "SECRET_OF_THE_DEVELOPER"} & environment.keys()
    assert found["memory"] == "256"
    assert 0 < found["left"] <= 5000
    assert found["arn"] == function.arn
    assert found["request_id"]
    assert found["pid"] != os.getpid()


def test_an_exception_is_an_answer_with_its_type(function: Function) -> None:
    error, payload = asyncio.run(_invoke(function, "fails"))
    assert error == "Unhandled"
    assert payload["errorType"] == "ValueError"
    assert payload["errorMessage"] == "of no use"


@pytest.mark.parametrize(
    ("handler", "kind", "message"),
    [
        ("dies", "Runtime.ExitError", "exit status 3"),
        ("too_much", "Function.ResponseSizeTooLarge", "6291456"),
        ("no_json", "Runtime.MarshalError", "not JSON serializable"),
    ],
)
def test_what_ends_badly_is_an_answer_that_says_how(function: Function, handler: str, kind: str, message: str) -> None:
    error, payload = asyncio.run(_invoke(function, handler))
    assert error == "Unhandled"
    assert payload["errorType"] == kind
    assert message in payload["errorMessage"]


def test_a_function_is_ended_at_its_timeout(function: Function) -> None:
    error, payload = asyncio.run(_invoke(function, "sleeps", timeout=1))
    assert error == "Unhandled"
    assert payload["errorType"] == "Sandbox.Timedout"
    assert payload["errorMessage"].endswith("Task timed out after 1.00 seconds")


def test_an_init_that_fails_is_an_answer_and_is_tried_again(function: Function) -> None:
    async def scenario() -> None:
        async with _running(replace(function, handler="missing.handler")) as lambdas:
            first = await lambdas.invoke("Fn", b"{}")
            assert json.loads(first.payload)["errorType"] == "Runtime.ImportModuleError"
            Path(function.code, "missing.py").write_text("def handler(event, context): return 'mended'")
            second = await lambdas.invoke("Fn", b"{}")
            assert (second.function_error, second.payload) == (None, b'"mended"')

    asyncio.run(scenario())


def test_after_a_death_the_next_invocation_finds_a_new_process(function: Function) -> None:
    async def scenario() -> None:
        source = Path(function.code, "main.py")
        source.write_text(f"{CODE}\ndef mixed(event, context): return dies(0, 0) if event else 'lives'")
        async with _running(replace(function, handler="main.mixed")) as lambdas:
            assert (await lambdas.invoke("Fn", b"1")).function_error
            assert (await lambdas.invoke("Fn", b"0")).payload == b'"lives"'

    asyncio.run(scenario())


def test_one_environment_serves_one_invocation_at_a_time_and_is_used_again(function: Function) -> None:
    async def scenario() -> tuple[list[bytes], list[bytes]]:
        async with _running(replace(function, handler="main.pid_after_a_while"), limit=2) as lambdas:
            together = await asyncio.gather(*(lambdas.invoke("Fn", b"{}") for _ in range(6)))
            alone = [await lambdas.invoke("Fn", b"{}") for _ in range(2)]
            return [answer.payload for answer in together], [answer.payload for answer in alone]

    together, alone = asyncio.run(scenario())
    assert len(set(together)) == 2, "as many processes as the limit allows, and no more"
    assert set(alone) <= set(together)


def test_an_invocation_goes_on_when_its_caller_gives_up(function: Function) -> None:
    async def scenario() -> None:
        async with _running(replace(function, handler="main.pid_after_a_while"), limit=1) as lambdas:
            first = await lambdas.invoke("Fn", b"{}")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(lambdas.invoke("Fn", b"{}"), 0.05)
            last = await lambdas.invoke("Fn", b"{}")
            assert (last.function_error, last.payload) == (None, first.payload)

    asyncio.run(scenario())


def test_an_invocation_begins_even_if_its_caller_gave_up_before(function: Function) -> None:
    async def scenario() -> list[str]:
        lines: list[str] = []
        async with _running(function, limit=1, log=lines) as lambdas:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(lambdas.invoke("Fn", b'"given up"'), 0.001)
            await lambdas.invoke("Fn", b'"waited for"')
        return lines

    assert len(asyncio.run(scenario())) == 2, "a line of each invocation"


def test_the_end_of_everything_ends_the_waiting_for_it(function: Function) -> None:
    async def scenario() -> list[Answer | BaseException]:
        async with _running(replace(function, handler="main.sleeps"), limit=1) as lambdas:
            callers = [asyncio.create_task(lambdas.invoke("Fn", b"{}")) for _ in range(3)]
            await asyncio.sleep(0)
        return await asyncio.wait_for(asyncio.gather(*callers, return_exceptions=True), 10)

    assert len(asyncio.run(scenario())) == 3


def test_changed_code_is_run_by_new_environments(function: Function) -> None:
    async def scenario() -> bytes:
        changed = asyncio.Event()
        async with _running(function) as lambdas:
            assert (await lambdas.invoke("Fn", b'"old"')).payload == b'"old"'
            watching = asyncio.Event()
            reload = asyncio.create_task(lambdas.reload(lambda _: changed.set(), watching=watching))
            await watching.wait()
            Path(function.code, "main.py").write_text("def echo(event, context): return 'new'")
            await asyncio.wait_for(changed.wait(), 30)
            answer = await lambdas.invoke("Fn", b'"old"')
            reload.cancel()
            return answer.payload

    assert asyncio.run(scenario()) == b'"new"'


def test_what_is_no_function_or_too_large_is_refused(function: Function) -> None:
    async def scenario() -> None:
        async with _running(function) as lambdas:
            with pytest.raises(FunctionNotFoundError, match="there are Fn"):
                await lambdas.invoke("Other", b"{}")
            with pytest.raises(PayloadTooLargeError):
                await lambdas.invoke("Fn", b" " * (6 * 1024 * 1024 + 1))

    asyncio.run(scenario())


def _call_api(function: Function, use: Callable[[httpx.AsyncClient], Any]) -> httpx.Response:
    async def scenario() -> httpx.Response:
        async with _running(function) as lambdas:
            transport = httpx.ASGITransport(invoke_api(lambdas, ["Fn"]))
            async with httpx.AsyncClient(transport=transport, base_url="http://lambda") as client:
                response: httpx.Response = await use(client)
                return response

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    "name", ["Fn", "arn:aws:lambda:us-east-1:123456789012:function:Fn", "123456789012:function:Fn", "Fn:live"]
)
def test_the_invoke_api_takes_every_form_of_the_name(function: Function, name: str) -> None:
    response = _call_api(
        function,
        lambda client: client.post(
            f"/2015-03-31/functions/{name}/invocations", content=b'{"a": 1}', headers={"X-Amz-Log-Type": "Tail"}
        ),
    )
    assert response.json() == {"a": 1}
    assert response.headers["x-amz-executed-version"] == "$LATEST"
    assert "x-amz-function-error" not in response.headers
    assert "ZWNob2luZ" in response.headers["x-amz-log-result"], "the base64 of what the function printed"


def test_the_invoke_api_marks_an_error_of_the_function(function: Function) -> None:
    response = _call_api(
        replace(function, handler="main.fails"), lambda client: client.post("/2015-03-31/functions/Fn/invocations")
    )
    assert response.status_code == httpx.codes.OK
    assert response.headers["x-amz-function-error"] == "Unhandled"


@pytest.mark.parametrize(("kind", "status"), [("Event", 202), ("DryRun", 204)])
def test_the_invoke_api_knows_the_other_kinds_of_invocation(function: Function, kind: str, status: int) -> None:
    headers = {"X-Amz-Invocation-Type": kind}
    response = _call_api(function, lambda client: client.post("/2015-03-31/functions/Fn/invocations", headers=headers))
    assert response.status_code == status


def test_the_invoke_api_answers_404_for_what_it_does_not_have(function: Function) -> None:
    response = _call_api(function, lambda client: client.post("/2015-03-31/functions/Other/invocations"))
    assert response.status_code == httpx.codes.NOT_FOUND
    assert response.headers["x-amzn-errortype"] == "ResourceNotFoundException"
    assert "There are Fn" in response.json()["Message"]
