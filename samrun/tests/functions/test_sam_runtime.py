"""SAM runtime, against a server that stands for `sam local start-lambda` and answers invocations."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from samrun.functions.invoker import PAYLOAD_LIMIT, FunctionNotFoundError, PayloadTooLargeError
from samrun.functions.sam_cli import SamCli
from samrun.functions.sam_runtime import SamRuntime, forward_log
from samrun.supervision import ports
from samrun.supervision.server import serving
from samrun.template.model.functions import Function

pytestmark = pytest.mark.anyio

Handler = Callable[[Request], Awaitable[Response]]


@pytest.fixture
def anyio_backend() -> str:
    """Use the event loop of the stack."""
    return "asyncio"


def function(name: str = "Fn") -> Function:
    return Function(
        logical_id=name,
        name=name,
        arn=f"arn:aws:lambda:us-east-1:123456789012:function:{name}",
        runtime="python3.13",
        handler="main.handler",
        code=Path(),
        watched=(),
        timeout=5,
        memory=256,
        concurrency=None,
        environment={},
        log_format="JSON",
    )


def sam(tmp_path: Path) -> SamCli:
    return SamCli(template=tmp_path / "template.yaml", parameters={"Shop": "The Shop"}, data=tmp_path / "data")


@contextlib.asynccontextmanager
async def runtime(
    tmp_path: Path, handler: Handler, *, report: Callable[[str], None] = print
) -> AsyncIterator[SamRuntime]:
    route = Route("/2015-03-31/functions/{name}/invocations", handler, methods=["POST"])
    with contextlib.closing(ports.listen("lambda", 0)) as listener:
        async with serving(Starlette(routes=[route]), listener):
            functions, port = [function(), function("Other")], listener.getsockname()[1]
            invoker = SamRuntime(sam(tmp_path), functions, port=port, report=report)
            yield invoker
            await invoker.stop()


def answers(content: str, *, status: int = 200, **headers: str) -> Handler:
    async def answer(_request: Request) -> Response:
        return Response(content, status, {name.replace("_", "-"): value for name, value in headers.items()})

    return answer


async def test_result_is_what_the_function_answers(tmp_path: Path) -> None:
    async def echo(request: Request) -> Response:
        return Response(await request.body(), headers={"x-amzn-requestid": request.path_params["name"]})

    async with runtime(tmp_path, echo) as invoker:
        result = await invoker.invoke("Other", b'{"a": 1}')
    assert (result.payload, result.function_error, result.request_id) == (b'{"a": 1}', None, "Other")


@pytest.mark.parametrize(
    ("handler", "error_type"),
    [
        (answers('{"errorType": "KeyError"}', x_amz_function_error="Unhandled"), "KeyError"),
        (answers(""), "Sandbox.Timedout"),
        (answers("no Docker", status=500), "Sam.Failed"),
    ],
)
async def test_result_of_a_failure_says_what_failed(tmp_path: Path, handler: Handler, error_type: str) -> None:
    async with runtime(tmp_path, handler) as invoker:
        result = await invoker.invoke("Fn", b"{}")
    assert result.function_error == "Unhandled"
    assert json.loads(result.payload)["errorType"] == error_type


async def test_failure_of_the_sam_cli_is_reported_with_the_log_that_says_why(tmp_path: Path) -> None:
    reports: list[str] = []
    async with runtime(tmp_path, answers("no Docker", status=500), report=reports.append) as invoker:
        await invoker.invoke("Fn", b"{}")
    log = sam(tmp_path).log
    assert reports == [f"sam local start-lambda could not run Fn (status 500); {log} says why"]


async def test_sam_cli_that_is_gone_is_a_result_too(tmp_path: Path) -> None:
    invoker = SamRuntime(sam(tmp_path), [function()], port=ports.claim("lambda", 0), report=print)
    result = await invoker.invoke("Fn", b"{}")
    await invoker.stop()
    assert json.loads(result.payload)["errorType"] == "Sam.Unreachable"


async def test_unknown_function_and_too_large_payload_are_refused(tmp_path: Path) -> None:
    async with runtime(tmp_path, answers("null")) as invoker:
        with pytest.raises(FunctionNotFoundError, match="no function Nobody; there are Fn, Other"):
            await invoker.invoke("Nobody", b"{}")
        with pytest.raises(PayloadTooLargeError):
            await invoker.invoke("Fn", b"x" * (PAYLOAD_LIMIT + 1))


async def test_container_gets_one_invocation_at_a_time(tmp_path: Path) -> None:
    in_progress: list[str] = []
    together: list[list[str]] = []

    async def slow(request: Request) -> Response:
        in_progress.append(request.path_params["name"])
        await asyncio.sleep(0.05)
        together.append(sorted(in_progress))
        in_progress.remove(request.path_params["name"])
        return Response("null")

    async with runtime(tmp_path, slow) as invoker:
        await asyncio.gather(*(invoker.invoke(name, b"{}") for name in ["Fn", "Fn", "Other", "Other"]))
    assert ["Fn", "Other"] in together, "the containers of two functions run at the same time"
    assert all(len(names) == len(set(names)) for names in together)


async def test_invocation_continues_when_its_caller_stops_waiting(tmp_path: Path) -> None:
    done = asyncio.Event()

    async def slow(_request: Request) -> Response:
        await asyncio.sleep(0.05)
        done.set()
        return Response("null")

    async with runtime(tmp_path, slow) as invoker:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(invoker.invoke("Fn", b"{}"), 0.01)
        await asyncio.wait_for(done.wait(), 10)


async def test_forward_log_shows_only_the_lines_of_functions(tmp_path: Path) -> None:
    log, shown = tmp_path / "sam.log", asyncio.Queue[tuple[str, str]]()
    line = json.dumps({"function_name": "Fn", "message": "sent"})
    log.write_text(f'START RequestId: 1\n{{"function_name": "Nobody"}}\n[1]\n{line}\n{line[:10]}')
    task = asyncio.create_task(forward_log(log, [function()], lambda each, text: shown.put_nowait((each.name, text))))
    assert await asyncio.wait_for(shown.get(), 10) == ("Fn", line)
    with log.open("a") as rest:
        rest.write(line[10:] + "\n")
    assert await asyncio.wait_for(shown.get(), 10) == ("Fn", line)
    task.cancel()
    assert shown.empty()
