"""State machines in moto: calls of Lambda and DynamoDB are passed on, and each execution has a name."""

import io
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from samrun.services.state_machine_execution import StateMachineMiddleware
from support.web_server import serve_in_thread

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def _moto(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer with the body of the request."""
    start_response("200 OK", [])
    return [environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))]


async def _other(request: Request) -> Response:
    return JSONResponse({"path": request.url.path, "body": (await request.body()).decode()}, status_code=418)


def _call(path: str, body: bytes, *, target: str = "", url: str | None = None) -> tuple[str, Any]:
    """Return the status and the answer to a request."""
    statuses: list[str] = []
    middleware = StateMachineMiddleware(_moto, lambda_api=url, dynamodb=url)
    environ: Any = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "HTTP_X_AMZ_TARGET": target,
    }
    answer = middleware(environ, lambda status, _headers, _info=None: statuses.append(status))  # type: ignore[arg-type]
    [status] = statuses
    return status, json.loads(b"".join(answer))


@pytest.mark.parametrize(
    ("path", "target"),
    [("/2015-03-31/functions/Fn/invocations", ""), ("/", "DynamoDB_20120810.PutItem")],
)
def test_calls_of_lambda_and_dynamodb_reach_those_of_the_stack(path: str, target: str) -> None:
    with serve_in_thread(Starlette(routes=[Route("/{path:path}", _other, methods=["POST"])])) as url:
        status, answer = _call(path, b"[1]", target=target, url=url)
    assert (status.split()[0], answer) == ("418", {"path": path, "body": "[1]"})


def test_other_calls_reach_moto() -> None:
    assert _call("/", b"[1]", target="AmazonSQS.SendMessage", url="http://127.0.0.1:9") == ("200 OK", [1])
    assert _call("/2015-03-31/functions/Fn/invocations", b"[1]") == ("200 OK", [1])


def test_execution_without_a_name_gets_one_of_its_own() -> None:
    body, target = b'{"input": "{}"}', "AWSStepFunctions.StartExecution"
    names = {_call("/", body, target=target)[1]["name"] for _ in range(2)}
    assert len(names) == 2
    assert _call("/", b'{"name": "mine"}', target=target)[1] == {"name": "mine"}
