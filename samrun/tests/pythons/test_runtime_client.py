"""AWS's runtime client with its compiled module and with ours in Python: the same results, errors and log lines."""

import asyncio
import json
import re
import sysconfig
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from samrun.functions.invoker import InvocationOptions, InvocationResult
from samrun.pythons.function_python import FunctionPython, PreparedFunction
from samrun.pythons.installer import Installer
from samrun.pythons.interpreters import current_interpreter
from samrun.pythons.requirements import Requirements
from samrun.pythons.runtime_packages import CLIENT_IN_PYTHON, link_runtime_packages
from samrun.pythons.virtual_environments import VirtualEnvironmentCache
from samrun.template.model.functions import Function
from support.python_function import create_function, running_runtime

CODE = """
import logging, os, sys, time

import runtime_client

def client(event, context):
    return "compiled" if runtime_client.__file__.endswith(".so") else "python"

def echo(event, context):
    return event

def raw(event, context):
    return b"\\x00bytes"

def fails(event, context):
    raise ValueError("of no use: \\u2028 ü")

def no_json(event, context):
    return {1, 2}

def deep(event, context):
    def inner():
        raise KeyError("deep")
    inner()

def dies(event, context):
    os._exit(3)

def exits(event, context):
    sys.exit(4)

def logs(event, context):
    logging.getLogger().warning("careful %s", "now")
    try:
        1 / 0
    except ZeroDivisionError:
        logging.getLogger("mine").exception("caught", extra={"order": 7})
    print("printed")
    return None

def context(event, context):
    client_context = context.client_context
    return {
        "name": context.function_name, "version": context.function_version, "memory": context.memory_limit_in_mb,
        "arn": context.invoked_function_arn, "request": context.aws_request_id, "group": context.log_group_name,
        "left": 0 < context.get_remaining_time_in_millis() <= 5000, "tenant": context.tenant_id,
        "custom": client_context and client_context.custom, "identity": context.identity.cognito_identity_id,
        "trace": os.environ["_X_AMZN_TRACE_ID"][:7], "runtime": os.environ["AWS_EXECUTION_ENV"],
    }

def sleeps_between_requests(event, context):
    time.sleep(event)
    return event
"""


class GivenPython:
    """Pythons that are all the same."""

    def __init__(self, python: FunctionPython) -> None:
        self._python = python

    async def prepare(self, functions: Sequence[Function]) -> list[PreparedFunction]:
        return [PreparedFunction(function=function, python=self._python) for function in functions]


@pytest.fixture(scope="module", params=["compiled", "python"])
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> FunctionPython:
    """A virtual environment without packages, and Lambda's own with each of the two modules."""
    folder = tmp_path_factory.mktemp("pythons")

    async def make() -> FunctionPython:
        interpreter = await current_interpreter()
        environment = await VirtualEnvironmentCache(folder).make(Requirements(None), interpreter, Installer(None))
        suffix = sysconfig.get_config_var("EXT_SUFFIX") if request.param == "compiled" else ".of-another-python.so"
        packages = link_runtime_packages(folder / request.param, replace(interpreter, extension_suffix=suffix))
        return FunctionPython(
            executable=environment.executable, version="3.12", origin="requirements", runtime_packages=packages
        )

    python = asyncio.run(make())
    assert (CLIENT_IN_PYTHON in python.runtime_packages) == (request.param == "python")
    return python


def invoke(
    python: FunctionPython,
    folder: Path,
    handler: str,
    *payloads: Any,
    options: Sequence[InvocationOptions] = (),
    **function: Any,
) -> tuple[list[InvocationResult], list[str]]:
    """Return the results of invocations, one after the other, and the lines that were logged."""
    log: list[str] = []

    async def scenario() -> list[InvocationResult]:
        changed = replace(create_function(folder, CODE, handler=f"main.{handler}"), **function)
        async with running_runtime(changed, limit=1, log=log, pythons=GivenPython(python)) as runtime:
            given = options or [InvocationOptions() for _ in payloads]
            return [
                await runtime.invoke("Fn", json.dumps(payload).encode(), each)
                for payload, each in zip(payloads, given, strict=True)
            ]

    return asyncio.run(scenario()), log


def result(python: FunctionPython, folder: Path, handler: str, payload: Any = None) -> Any:
    [found], _ = invoke(python, folder, handler, payload)
    assert found.function_error is None, found.payload
    return json.loads(found.payload)


def failure(python: FunctionPython, folder: Path, handler: str) -> dict[str, Any]:
    [found], _ = invoke(python, folder, handler, None)
    assert found.function_error == "Unhandled"
    error: dict[str, Any] = json.loads(found.payload)
    # An error of the init has no request, and one that the platform sees has no such field.
    assert error.get("requestId", "") in {"", found.request_id}
    assert ("stackTrace" in error and bool(error["stackTrace"])) <= (error.get("requestId") == found.request_id)
    return error


def test_each_environment_has_its_own_client(python: FunctionPython, tmp_path: Path) -> None:
    expected = "python" if CLIENT_IN_PYTHON in python.runtime_packages else "compiled"
    assert result(python, tmp_path, "client") == expected


def test_results_of_any_text_and_bytes_come_unchanged(python: FunctionPython, tmp_path: Path) -> None:
    payload = {"text": "Nguyễn \u2028 \U0001f4da", "list": [1, 2.5, None], "large": "x" * 1_000_000}
    assert result(python, tmp_path, "echo", payload) == payload
    [raw], _ = invoke(python, tmp_path, "raw", None)
    assert raw.payload == b"\x00bytes"


def test_one_process_serves_invocations_one_after_the_other(python: FunctionPython, tmp_path: Path) -> None:
    found, _ = invoke(python, tmp_path, "sleeps_between_requests", 0, 0.1, 0)
    assert [each.payload for each in found] == [b"0", b"0.1", b"0"]


def test_context_has_everything_that_the_invocation_says(python: FunctionPython, tmp_path: Path) -> None:
    options = InvocationOptions(client_context='{"custom": {"a": "b"}}', qualifier="live", tenant_id="blue")
    [found], _ = invoke(python, tmp_path, "context", None, options=[options])
    assert json.loads(found.payload) == {
        "name": "Fn",
        "version": "$LATEST",
        "memory": "256",
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:Fn:live",
        "request": options.request_id,
        "group": "/aws/lambda/Fn",
        "left": True,
        "tenant": "blue",
        "custom": {"a": "b"},
        "identity": None,
        "trace": "Root=1-",
        "runtime": "AWS_Lambda_python3.12",
    }


@pytest.mark.parametrize(
    ("handler", "error_type", "message", "trace"),
    [
        ("fails", "ValueError", "of no use: \u2028 ü", ["in fails"]),
        ("deep", "KeyError", "'deep'", ["in deep", "in inner"]),
        ("no_json", "Runtime.MarshalError", "Unable to marshal response: Object of type set", []),
        ("dies", "Runtime.ExitError", "Runtime exited with exit status 3", []),
        ("exits", "Runtime.ExitError", "Runtime exited with exit status 4", []),
        ("missing", "Runtime.HandlerNotFound", "Handler 'missing' missing on module 'main'", []),
    ],
)
def test_errors_have_the_shape_of_lambda(
    python: FunctionPython, tmp_path: Path, handler: str, error_type: str, message: str, trace: list[str]
) -> None:
    error = failure(python, tmp_path, handler)
    assert error["errorType"] == error_type
    assert error["errorMessage"].startswith(message)
    lines = error.get("stackTrace", [])
    assert len(lines) == len(trace)
    assert all(expected in line for expected, line in zip(trace, lines, strict=True))


@pytest.mark.parametrize(
    ("code", "error_type", "message"),
    [
        ("import moto", "Runtime.ImportModuleError", "Unable to import module 'main': No module named 'moto'"),
        ("def handler(:", "Runtime.UserCodeSyntaxError", "Syntax error in module 'main': "),
        ("raise RuntimeError('in init')", "RuntimeError", "in init"),
        ("raise SystemExit(5)", "Runtime.ExitError", "Runtime exited with exit status 5"),
    ],
)
def test_errors_of_the_init_have_the_shape_of_lambda(
    python: FunctionPython, tmp_path: Path, code: str, error_type: str, message: str
) -> None:
    async def scenario() -> dict[str, Any]:
        function = create_function(tmp_path, code, handler="main.handler")
        async with running_runtime(function, pythons=GivenPython(python)) as runtime:
            found = await runtime.invoke("Fn", b"{}")
            assert found.function_error == "Unhandled"
            error: dict[str, Any] = json.loads(found.payload)
            return error

    error = asyncio.run(scenario())
    assert error["errorType"] == error_type
    assert error["errorMessage"].startswith(message)


def test_log_lines_in_json_have_the_id_of_the_request(python: FunctionPython, tmp_path: Path) -> None:
    [found], log = invoke(python, tmp_path, "logs", None, log_format="JSON", log_level="INFO")
    first, second, third = log
    warning, caught = json.loads(first), json.loads(second)
    assert (warning["level"], warning["message"], warning["logger"]) == ("WARNING", "careful now", "root")
    assert warning["requestId"] == caught["requestId"] == found.request_id
    assert (caught["errorType"], caught["order"], caught["logger"]) == ("ZeroDivisionError", 7, "mine")
    assert any("1 / 0" in line for line in caught["stackTrace"])
    assert third == "printed"


def test_log_lines_in_text_have_the_id_of_the_request(python: FunctionPython, tmp_path: Path) -> None:
    [found], log = invoke(python, tmp_path, "logs", None)
    assert re.fullmatch(rf"\[WARNING\]\t\d{{4}}-\S+Z\t{found.request_id}\tcareful now", log[0])
    assert log[-1].endswith("printed")


def test_unhandled_error_is_logged_as_lambda_does(python: FunctionPython, tmp_path: Path) -> None:
    _, log = invoke(python, tmp_path, "fails", None)
    text = "\n".join(log)
    assert "[ERROR] ValueError: of no use" in text
    assert "Traceback (most recent call last):" in text


def test_function_has_the_sdk_of_lambda_and_nothing_of_samrun(python: FunctionPython, tmp_path: Path) -> None:
    code = """
import boto3, importlib.util, urllib3
boto3.client("dynamodb")
def handler(event, context):
    return [name for name in ("samrun", "moto", "starlette", "kafka") if importlib.util.find_spec(name)]
"""

    async def scenario() -> bytes:
        function = create_function(tmp_path, code, handler="main.handler")
        async with running_runtime(function, pythons=GivenPython(python)) as runtime:
            return (await runtime.invoke("Fn", b"{}")).payload

    assert asyncio.run(scenario()) == b"[]"
