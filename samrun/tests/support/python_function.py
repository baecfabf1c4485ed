"""A Python function with several handlers, and the process runtime that runs it, for the tests of both APIs."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from samrun.functions.process_runtime import ProcessRuntime
from samrun.pythons.current_python import CurrentPython
from samrun.pythons.function_python import Pythons
from samrun.template.model.functions import Function

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

_CURRENT = CurrentPython()


def create_function(folder: Path, code: str | None = CODE, *, handler: str = "main.echo") -> Function:
    """Write the code of a function into a folder, unless it is None, and return the function."""
    if code is not None:
        (folder / "main.py").write_text(code)
    return Function(
        logical_id="Fn",
        name="Fn",
        arn="arn:aws:lambda:us-east-1:123456789012:function:Fn",
        runtime="python3.13",
        handler=handler,
        code=folder,
        code_uri=folder,
        watched=(folder,),
        timeout=5,
        memory=256,
        concurrency=None,
        environment={"OWN": "variable", "AWS_ENDPOINT_URL": ""},
        log_format="Text",
    )


@asynccontextmanager
async def running_runtime(
    *functions: Function, limit: int = 2, log: list[str] | None = None, pythons: Pythons = _CURRENT
) -> AsyncIterator[ProcessRuntime]:
    """Run functions, and check that none of their processes is left."""
    lines = log if log is not None else []
    with tempfile.TemporaryDirectory() as data:
        runtime = await ProcessRuntime.create(
            functions,
            pythons=pythons,
            variables={"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_DEFAULT_REGION": "us-east-1"},
            limit=limit,
            log=lambda _, line: lines.append(line),
            data=Path(data),
        )
        try:
            yield runtime
        finally:
            await runtime.stop()
        assert [child for child in psutil.Process().children() if "awslambdaric" in _command(child)] == []


def _command(process: psutil.Process) -> list[str]:
    """Return the command line of a process; an empty one if it has ended."""
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []
