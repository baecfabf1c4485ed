"""Functions behind `sam local start-lambda`, of which this has only the HTTP side: what it answers to an Invoke."""

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

from local import ports
from local.invoker import PAYLOAD_LIMIT, FunctionNotFoundError, PayloadTooLargeError
from local.model import Function
from local.sam import Sam, SamError, SamLambdas, show
from local.server import serving

pytestmark = pytest.mark.anyio

Handler = Callable[[Request], Awaitable[Response]]


@pytest.fixture
def anyio_backend() -> str:
    """What the stack runs on."""
    return "asyncio"


def function(name: str = "Fn") -> Function:
    return Function(
        name=name,
        arn=f"arn:aws:lambda:us-east-1:123456789012:function:{name}",
        handler="main.handler",
        code=Path(),
        watched=Path(),
        timeout=5,
        memory=256,
        concurrency=None,
        environment={},
        log_format="JSON",
    )


def sam(tmp_path: Path) -> Sam:
    return Sam(template=tmp_path / "template.yaml", parameters={"Shop": "The Shop"}, data=tmp_path / "data")


@contextlib.asynccontextmanager
async def lambdas(tmp_path: Path, handler: Handler) -> AsyncIterator[SamLambdas]:
    route = Route("/2015-03-31/functions/{name}/invocations", handler, methods=["POST"])
    with contextlib.closing(ports.listen("lambda", 0)) as listener:
        async with serving(Starlette(routes=[route]), listener):
            invoker = SamLambdas(sam(tmp_path), [function(), function("Other")], port=listener.getsockname()[1])
            yield invoker
            await invoker.stop()


def answers(content: str, *, status: int = 200, **headers: str) -> Handler:
    async def answer(_request: Request) -> Response:
        return Response(content, status, {name.replace("_", "-"): value for name, value in headers.items()})

    return answer


async def test_what_the_function_answers_is_handed_on(tmp_path: Path) -> None:
    async def echo(request: Request) -> Response:
        return Response(await request.body(), headers={"x-amzn-requestid": request.path_params["name"]})

    async with lambdas(tmp_path, echo) as invoker:
        answer = await invoker.invoke("Other", b'{"a": 1}')
    assert (answer.payload, answer.function_error, answer.request_id) == (b'{"a": 1}', None, "Other")


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (answers('{"errorType": "KeyError"}', x_amz_function_error="Unhandled"), "KeyError"),
        (answers(""), "Sandbox.Timedout"),
        (answers("no Docker", status=500), "Sam.Failed"),
    ],
)
async def test_a_function_that_fails_is_an_answer(tmp_path: Path, handler: Handler, kind: str) -> None:
    async with lambdas(tmp_path, handler) as invoker:
        answer = await invoker.invoke("Fn", b"{}")
    assert answer.function_error == "Unhandled"
    assert json.loads(answer.payload)["errorType"] == kind


async def test_a_sam_that_is_gone_is_an_answer_too(tmp_path: Path) -> None:
    invoker = SamLambdas(sam(tmp_path), [function()], port=ports.claim("lambda", 0))
    answer = await invoker.invoke("Fn", b"{}")
    await invoker.stop()
    assert json.loads(answer.payload)["errorType"] == "Sam.Unreachable"


async def test_what_is_no_function_or_too_large_is_refused(tmp_path: Path) -> None:
    async with lambdas(tmp_path, answers("null")) as invoker:
        with pytest.raises(FunctionNotFoundError, match="no function Nobody; there are Fn, Other"):
            await invoker.invoke("Nobody", b"{}")
        with pytest.raises(PayloadTooLargeError):
            await invoker.invoke("Fn", b"x" * (PAYLOAD_LIMIT + 1))


async def test_a_container_gets_one_invocation_at_a_time(tmp_path: Path) -> None:
    under_way: list[str] = []
    together: list[list[str]] = []

    async def slow(request: Request) -> Response:
        under_way.append(request.path_params["name"])
        await asyncio.sleep(0.05)
        together.append(sorted(under_way))
        under_way.remove(request.path_params["name"])
        return Response("null")

    async with lambdas(tmp_path, slow) as invoker:
        await asyncio.gather(*(invoker.invoke(name, b"{}") for name in ["Fn", "Fn", "Other", "Other"]))
    assert ["Fn", "Other"] in together, "another function's container waits for nobody"
    assert all(len(names) == len(set(names)) for names in together)


async def test_an_invocation_goes_on_without_its_caller(tmp_path: Path) -> None:
    done = asyncio.Event()

    async def slow(_request: Request) -> Response:
        await asyncio.sleep(0.05)
        done.set()
        return Response("null")

    async with lambdas(tmp_path, slow) as invoker:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(invoker.invoke("Fn", b"{}"), 0.01)
        await asyncio.wait_for(done.wait(), 10)


async def test_of_sams_log_the_functions_lines_are_shown(tmp_path: Path) -> None:
    log, shown = tmp_path / "sam.log", asyncio.Queue[tuple[str, str]]()
    line = json.dumps({"function_name": "Fn", "message": "sent"})
    log.write_text(f'START RequestId: 1\n{{"function_name": "Nobody"}}\n[1]\n{line}\n{line[:10]}')
    task = asyncio.create_task(show(log, [function()], lambda each, text: shown.put_nowait((each.name, text))))
    assert await asyncio.wait_for(shown.get(), 10) == ("Fn", line)
    with log.open("a") as rest:
        rest.write(line[10:] + "\n")
    assert await asyncio.wait_for(shown.get(), 10) == ("Fn", line)
    task.cancel()
    assert shown.empty()


async def test_without_the_cli_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.prefix", str(tmp_path / ".venv"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SamError, match="The SAM CLI is not installed"):
        await sam(tmp_path).build()


async def test_a_build_that_fails_tells_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable = tmp_path / ".venv-sam" / "bin" / "sam"
    executable.parent.mkdir(parents=True)
    executable.write_text('#!/bin/sh\necho "Error: no such runtime"; exit 1\n')
    executable.chmod(0o755)
    monkeypatch.setattr("sys.prefix", str(tmp_path / ".venv"))
    with pytest.raises(SamError, match=r"(?s)`sam build` failed\. .*Error: no such runtime"):
        await sam(tmp_path).build()
    assert json.loads((tmp_path / "data" / "sam-parameters.yaml").read_text()) == {"Shop": "The Shop"}
