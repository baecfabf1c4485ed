"""The client of a stack, without one."""

import pytest
from botocore.exceptions import ClientError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from samrun.testing.stack_client import StackClient, UnknownNameError
from support.web_server import serve_in_thread


class SilentStackClient(StackClient):
    """Client of a stack that prints nothing, with one endpoint."""

    def __init__(self, **endpoints: str) -> None:
        self.endpoints = endpoints

    def timeline(self) -> str:
        return ""


def test_function_is_invoked_once_if_lambda_fails() -> None:
    requested: list[str] = []

    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        requested.append(Request(scope).url.path)
        await Response(status_code=500)(scope, receive, send)

    with serve_in_thread(failing) as url:
        stack = SilentStackClient(**{"lambda": url})
        with pytest.raises(ClientError):
            stack.invoke("Fn", {})
        stack.close()
    assert requested == ["/2015-03-31/functions/Fn/invocations"]


def test_stack_without_an_api_says_so() -> None:
    with pytest.raises(UnknownNameError, match="no endpoint 'api'; it has console"):
        SilentStackClient(console="http://127.0.0.1:1").http.get("/")
