"""Local runner of durable executions: the server of AWS's testing SDK for durable functions.

https://github.com/aws/aws-durable-execution-sdk-python-testing (the SAM CLI runs the same server, in a container)
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from samrun.services.clients import CREDENTIALS
from samrun.supervision.ports import LOOPBACK
from samrun.supervision.process import Process
from samrun.template.model.functions import Function

# Seconds: the longest timeout that a function may have.
_INVOCATION_TIMEOUT = 900


async def start(*, port: int, lambda_api: str, functions: Iterable[Function], region: str, logs: Path) -> Process:
    """Start the runner and return at once. It invokes the functions at `lambda_api`, a URL."""
    return await Process.start(
        "the runner of durable executions",
        [
            sys.executable,
            *("-m", "aws_durable_execution_sdk_python_testing.cli", "start-server"),
            *("--host", LOOPBACK, "--port", str(port)),
            *("--lambda-endpoint", lambda_api, "--local-runner-region", region),
            *("--function-configs", json.dumps(function_configs(functions))),
            *("--invocation-timeout", str(_INVOCATION_TIMEOUT), "--log-level", "WARNING"),
        ],
        log=logs / "durable-executions.log",
        variables={**CREDENTIALS, "NO_PROXY": LOOPBACK},
    )


def function_configs(functions: Iterable[Function]) -> Mapping[str, Mapping[str, Any]]:
    """Return the functions that an execution may invoke, by name, in the words of Lambda's API."""
    return {
        function.name: {
            "DurableConfig": {
                "ExecutionTimeout": function.durable.execution_timeout,
                "RetentionPeriodInDays": function.durable.retention_days,
            }
        }
        if function.durable
        else {}
        for function in functions
    }
