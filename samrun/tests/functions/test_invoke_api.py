"""Invoke API: the HTTP API by which boto3 and the aws CLI invoke functions."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from samrun.functions.asynchronous_invoker import AsynchronousInvoker, Timing
from samrun.functions.invocation_request import FunctionNames
from samrun.functions.invoke_api import invoke_routes
from samrun.functions.invoker import FunctionThrottledError, InvocationResult
from samrun.lambda_api.lambda_app import lambda_app
from samrun.template.model.functions import Function
from support.asynchronous import RecordingDestinations
from support.fake_invoker import FakeInvoker
from support.python_function import create_function, running_runtime

INVOCATIONS = "/2015-03-31/functions/{}/invocations"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:Fn"
CODE = """
import os, threading, time

def context(event, context):
    return {"custom": context.client_context and context.client_context.custom,
            "request_id": context.aws_request_id, "arn": context.invoked_function_arn}

def tenant(event, context):
    return context.tenant_id

def prints(event, context):
    print(event["text"] * event.get("times", 1), end=event.get("end", "\\n"), flush=True)
    if event.get("dies"):
        os._exit(1)
    if event.get("sleeps"):
        time.sleep(60)
"""


@pytest.fixture
def function(tmp_path: Path) -> Function:
    return replace(create_function(tmp_path), qualifiers=frozenset({"live", "1"}))


@pytest.fixture
def own_function(tmp_path: Path) -> Function:
    return create_function(tmp_path, CODE, handler="main.prints")


def _call_api(function: Function, use: Callable[[httpx.AsyncClient], Any]) -> Any:
    async def scenario() -> Any:
        async with running_runtime(function) as runtime:
            invoker = AsynchronousInvoker(
                runtime, [function], destinations=RecordingDestinations(), report=lambda _: None, timing=Timing()
            )
            names = FunctionNames(qualifiers={"Fn": function.qualifiers}, region="us-east-1")
            transport = httpx.ASGITransport(lambda_app(invoke_routes(runtime, invoker, names)))
            async with httpx.AsyncClient(transport=transport, base_url="http://lambda") as client:
                response = await use(client)
            await invoker.stop()
            return response

    return asyncio.run(scenario())


def _post(function: Function, name: str = "Fn", *, content: bytes = b"{}", **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    response: httpx.Response = _call_api(
        function, lambda client: client.post(INVOCATIONS.format(name), content=content, headers=sent)
    )
    return response


@pytest.mark.parametrize(
    ("name", "version"),
    [("Fn", "$LATEST"), (ARN, "$LATEST"), ("123456789012:function:Fn", "$LATEST"), ("Fn:live", "1")],
)
def test_invoke_api_accepts_every_form_of_the_name(function: Function, name: str, version: str) -> None:
    response = _post(function, name, content=b'{"a": 1}')
    assert response.json() == {"a": 1}
    assert response.headers["x-amz-executed-version"] == version
    assert "x-amz-function-error" not in response.headers
    assert "x-amz-log-result" not in response.headers


def test_invoke_api_marks_an_error_of_the_function(function: Function) -> None:
    response = _post(replace(function, handler="main.fails"))
    assert response.status_code == httpx.codes.OK
    assert response.headers["x-amz-function-error"] == "Unhandled"


def test_invoke_api_refuses_a_throttled_function_as_lambda_does() -> None:
    async def refuse(_name: str, _payload: bytes) -> InvocationResult:
        raise FunctionThrottledError("Rate Exceeded.")

    async def scenario() -> httpx.Response:
        asynchronous = AsynchronousInvoker(
            FakeInvoker(), [], destinations=RecordingDestinations(), report=lambda _: None
        )
        names = FunctionNames(qualifiers={"Fn": frozenset()}, region="us-east-1")
        app = lambda_app(invoke_routes(FakeInvoker(function=refuse), asynchronous, names))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lambda") as client:
            return await client.post(INVOCATIONS.format("Fn"))

    response = asyncio.run(scenario())
    assert response.status_code == httpx.codes.TOO_MANY_REQUESTS
    assert response.headers["x-amzn-errortype"] == "TooManyRequestsException"


@pytest.mark.parametrize(("invocation_type", "status"), [("Event", 202), ("DryRun", 204)])
def test_invoke_api_accepts_the_other_invocation_types(function: Function, invocation_type: str, status: int) -> None:
    response = _post(function, x_amz_invocation_type=invocation_type)
    assert (response.status_code, response.content) == (status, b"")
    assert response.headers["x-amzn-requestid"]


def test_request_without_a_payload_is_an_empty_event(function: Function) -> None:
    assert _post(function, content=b"").json() == {}


@pytest.mark.parametrize("qualifier", ["", ":live", ":1", ":$LATEST", "?Qualifier=live"])
def test_function_sees_its_request_and_its_qualifier(own_function: Function, qualifier: str) -> None:
    function = replace(own_function, handler="main.context", qualifiers=frozenset({"live", "1"}))
    url = INVOCATIONS.format("Fn") + qualifier if qualifier.startswith("?") else INVOCATIONS.format(f"Fn{qualifier}")
    response = _call_api(function, lambda client: client.post(url))
    seen = response.json()
    suffix = qualifier.replace("?Qualifier=", ":")
    assert seen == {"custom": None, "request_id": response.headers["x-amzn-requestid"], "arn": f"{ARN}{suffix}"}


def test_function_gets_the_id_of_the_tenant(own_function: Function) -> None:
    response = _post(replace(own_function, handler="main.tenant"), x_amz_tenant_id="blue")
    assert response.json() == "blue"


def test_function_gets_the_client_context(own_function: Function) -> None:
    context = base64.b64encode(json.dumps({"custom": {"name": "Nguyễn"}}, ensure_ascii=False).encode()).decode()
    response = _post(replace(own_function, handler="main.context"), x_amz_client_context=context)
    assert response.json()["custom"] == {"name": "Nguyễn"}


@pytest.mark.parametrize(
    ("name", "options", "status", "code", "message"),
    [
        ("Other", {}, 404, "ResourceNotFoundException", f"Function not found: {ARN.replace('Fn', 'Other')}"),
        ("Fn:9", {}, 404, "ResourceNotFoundException", f"Function not found: {ARN}:9"),
        ("Fn:old", {}, 404, "ResourceNotFoundException", f"Cannot find alias arn: {ARN}:old"),
        (
            "Fn",
            {"content": b"[1"},
            400,
            "InvalidRequestContentException",
            "Could not parse request body into json: Could not parse payload into json: Expecting ',' delimiter",
        ),
        (
            "Fn",
            {"content": b'"\xff"'},
            400,
            "InvalidRequestContentException",
            "Could not parse request body into json: Could not parse payload into json: 'utf-8' codec can't decode",
        ),
        (
            "Fn",
            {"content": b" " * (6 * 1024 * 1024 + 1)},
            413,
            "RequestEntityTooLargeException",
            "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
        ),
        (
            "Fn",
            {"content": b" " * (1024 * 1024 + 1), "x_amz_invocation_type": "Event"},
            413,
            "RequestEntityTooLargeException",
            "Request must be smaller than 1048576 bytes for the InvokeFunction operation",
        ),
        (
            "Fn",
            {"x_amz_client_context": "e30"},
            400,
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object of 3583 bytes at most",
        ),
        (
            "Fn",
            {"x_amz_invocation_type": "Later"},
            400,
            "ValidationException",
            "1 validation error detected: Value 'Later' at 'invocationType' failed to satisfy constraint: Member must",
        ),
    ],
)
def test_invoke_api_refuses_in_the_words_of_aws(
    function: Function, name: str, options: dict[str, Any], status: int, code: str, message: str
) -> None:
    response = _post(function, name, **options)
    assert (response.status_code, response.headers["x-amzn-errortype"]) == (status, code)
    assert response.json()["Type"] == "User"
    assert response.json()["Message"].startswith(message)


def test_other_operation_is_said_to_be_missing(function: Function) -> None:
    response = _call_api(function, lambda client: client.get("/2015-03-31/functions/"))
    assert response.status_code == httpx.codes.NOT_FOUND
    assert "samrun has no GET /2015-03-31/functions/:" in response.json()["Message"]


def _logs(function: Function, *events: dict[str, Any]) -> list[str]:
    """Invoke the function with these events in turn, in one environment. Return the log results."""

    async def invoke(client: httpx.AsyncClient) -> list[str]:
        found = []
        for event in events:
            response = await client.post(
                INVOCATIONS.format("Fn"), content=json.dumps(event), headers={"X-Amz-Log-Type": "Tail"}
            )
            log = base64.b64decode(response.headers["x-amz-log-result"]).decode()
            found.append(log.replace(response.headers["x-amzn-requestid"], "ID"))
        return found

    logs: list[str] = _call_api(function, invoke)
    return logs


def test_log_result_has_the_lines_of_its_own_invocation_alone(own_function: Function) -> None:
    cold, warm = _logs(own_function, {"text": "first", "end": ""}, {"text": "second"})
    start, printed, end, report = cold.splitlines()
    assert (start, printed, end) == ("START RequestId: ID Version: $LATEST", "first", "END RequestId: ID")
    fields = dict(field.split(": ") for field in report.removeprefix("REPORT ").split("\t"))
    assert list(fields)[:4] == ["RequestId", "Duration", "Billed Duration", "Memory Size"]
    assert list(fields)[-1] == "Init Duration"
    assert fields["Memory Size"] == "256 MB"
    assert float(fields["Duration"].removesuffix(" ms")) < int(fields["Billed Duration"].removesuffix(" ms"))
    assert "second" in warm
    assert "first" not in warm
    assert "Init Duration" not in warm


def test_log_result_has_the_last_4_kb(own_function: Function) -> None:
    [log] = _logs(own_function, {"text": "x" * 100 + "\n", "times": 1000})
    assert len(log.encode().replace(b"ID", b"I" * 36)) == 4096
    assert log.splitlines()[-1].startswith("REPORT RequestId: ID")


@pytest.mark.parametrize(
    ("event", "options", "status"),
    [
        ({"dies": True}, {}, "Status: error\tError Type: Runtime.ExitError"),
        ({"sleeps": True}, {"timeout": 1}, "Status: timeout"),
    ],
)
def test_log_result_of_an_environment_that_ended_says_so(
    own_function: Function, event: dict[str, Any], options: dict[str, Any], status: str
) -> None:
    [log] = _logs(replace(own_function, **options), {"text": "last words", **event})
    assert log.splitlines()[1] == "last words"
    assert log.splitlines()[-1].endswith(status)


def test_log_result_is_json_for_a_function_with_that_format(own_function: Function) -> None:
    [log] = _logs(replace(own_function, log_format="JSON"), {"text": '{"own": 1}'})
    start, own, report = map(json.loads, log.splitlines())
    assert own == {"own": 1}
    assert start["type"] == "platform.start"
    assert start["record"] == {"requestId": "ID", "version": "$LATEST"}
    assert report["type"] == "platform.report"
    assert report["record"]["status"] == "success"
    assert report["record"]["metrics"].keys() >= {"durationMs", "billedDurationMs", "memorySizeMB", "initDurationMs"}


@pytest.mark.parametrize(("invocation_type", "limit"), [("RequestResponse", 6 * 1024 * 1024), ("Event", 1024 * 1024)])
@pytest.mark.parametrize("says_its_size", [True, False])
def test_a_payload_over_the_limit_is_not_read_to_its_end(
    function: Function, invocation_type: str, limit: int, says_its_size: bool
) -> None:
    read = 0

    async def payload() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(400):
            read += 1024 * 1024
            yield b" " * 1024 * 1024

    headers = {"x-amz-invocation-type": invocation_type}
    if says_its_size:
        headers["content-length"] = str(400 * 1024 * 1024)

    async def scenario() -> list[Any]:
        chunks = payload()
        answer: list[Any] = []
        names = FunctionNames(qualifiers={"Fn": function.qualifiers}, region="us-east-1")
        scope = {
            "type": "http",
            "method": "POST",
            "path": INVOCATIONS.format("Fn"),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": await anext(chunks), "more_body": True}

        async def send(message: Any) -> None:
            answer.append(message)

        async with running_runtime(function) as runtime:
            invoker = AsynchronousInvoker(
                runtime, [function], destinations=RecordingDestinations(), report=lambda _: None, timing=Timing()
            )
            await lambda_app(invoke_routes(runtime, invoker, names))(scope, receive, send)
        return answer

    start, body = asyncio.run(scenario())
    assert start["status"] == 413
    assert (b"x-amzn-errortype", b"RequestEntityTooLargeException") in start["headers"]
    assert str(limit) in json.loads(body["body"])["Message"]
    assert read <= (0 if says_its_size else limit + 1024 * 1024)
