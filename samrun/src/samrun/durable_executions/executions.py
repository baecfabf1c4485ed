"""Durable executions at the local runner: started, and waited for."""

import asyncio
import hashlib
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import httpx

from samrun.errors import SamrunError
from samrun.functions.invoker import InvocationOptions, InvocationResult
from samrun.functions.platform_log import LATEST
from samrun.template.model.account import ACCOUNT
from samrun.template.model.functions import Function

# Seconds between two looks at an execution.
_PAUSE = 0.05

_EXECUTIONS = "/2025-12-01/durable-executions"


class ExecutionError(SamrunError):
    """No execution starts: `status` of HTTP, `code` of Lambda's API."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class DurableExecutions:
    """The executions of durable functions, at the runner with this URL."""

    def __init__(self, functions: Iterable[Function], *, runner: str) -> None:
        self.durable = {function.name: function.durable for function in functions if function.durable}
        self._client = httpx.AsyncClient(base_url=runner, trust_env=False, timeout=None)  # noqa: S113 - it is local
        # The digest of the payload and the ARN of each, by the function and the execution's name.
        self._started: dict[tuple[str, str], tuple[bytes, str]] = {}
        self._starting = asyncio.Lock()

    async def start(self, function: str, payload: bytes, options: InvocationOptions) -> str:
        """Start an execution of a durable function with a JSON payload, and return the execution's ARN.

        Its name is the id of the request, and it is the first execution of that name if that had the same payload: so
        a retry starts nothing again. Raises ExecutionError.
        """
        key, digest = (function, options.request_id), hashlib.sha256(payload).digest()
        async with self._starting:
            if key in self._started:
                earlier, arn = self._started[key]
                if earlier != digest:
                    message = f"{function} already has an execution {options.request_id}, with another payload."
                    raise ExecutionError(409, "DurableExecutionAlreadyStartedException", message)
                return arn
            arn = await self._start(function, payload, options)
            self._started[key] = digest, arn
            return arn

    async def _start(self, function: str, payload: bytes, options: InvocationOptions) -> str:
        config = self.durable[function]
        response = await self._client.post(
            "/start-durable-execution",
            json={
                "AccountId": ACCOUNT,
                "FunctionName": function,
                "FunctionQualifier": options.qualifier or LATEST,
                "ExecutionName": options.request_id,
                "ExecutionTimeoutSeconds": config.execution_timeout,
                "ExecutionRetentionPeriodDays": config.retention_days,
                "Input": payload.decode(),
                **({"TenantId": options.tenant_id} if options.tenant_id else {}),
            },
        )
        if response.is_error:
            raise ExecutionError(response.status_code, "ServiceException", response.text)
        arn: str = response.json()["ExecutionArn"]
        return arn

    async def result(self, arn: str, options: InvocationOptions) -> InvocationResult:
        """Wait for the end of an execution, and return its result as that of an invocation."""
        # The runner cannot be waited for.
        while (execution := await self._look_up(arn))["Status"] == "RUNNING":  # noqa: ASYNC110
            await asyncio.sleep(_PAUSE)
        if execution["Status"] == "SUCCEEDED":
            payload = execution.get("Result") or "null"
            return InvocationResult(request_id=options.request_id, payload=payload.encode())
        error = {"errorType": f"Execution.{execution['Status']}", "errorMessage": f"{arn} is {execution['Status']}"}
        given = execution.get("Error") or {}
        error |= {
            name: given[key]
            for name, key in (("errorType", "ErrorType"), ("errorMessage", "ErrorMessage"))
            if given.get(key)
        }
        return InvocationResult(
            request_id=options.request_id, payload=json.dumps(error).encode(), function_error="Unhandled"
        )

    async def _look_up(self, arn: str) -> dict[str, Any]:
        response = await self._client.get(f"{_EXECUTIONS}/{quote(arn, safe='')}")
        execution: dict[str, Any] = response.raise_for_status().json()
        return execution

    async def forward(self, method: str, target: str, body: bytes) -> httpx.Response:
        """Send a request of Lambda's API about executions to the runner. `target` is the path with the query."""
        headers = {"content-type": "application/json"}
        return await self._client.request(method, target, content=body, headers=headers)

    async def stop_all(self) -> None:
        """Stop every execution that runs, whoever started it, and forget the names. Raises httpx.HTTPError.

        Whoever waits for one gets an error as its result. Code that runs for one at this moment runs to its end.
        """
        async with self._starting:
            while arns := await self._unfinished():
                for arn in arns:
                    stopped = await self._client.post(f"{_EXECUTIONS}/{quote(arn, safe='')}/stop", json={})
                    stopped.raise_for_status()
            self._started.clear()

    async def _unfinished(self) -> list[str]:
        """Return the ARNs of some executions that run; none if there is none."""
        response = await self._client.get(_EXECUTIONS, params={"StatusFilter": "RUNNING"})
        found = response.raise_for_status().json()["DurableExecutions"]
        return [each["DurableExecutionArn"] for each in found]

    async def close(self) -> None:
        """Close the connections to the runner."""
        await self._client.aclose()
