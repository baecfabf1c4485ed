"""SAM runtime: all functions of a template, in the containers of `sam local start-lambda`."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import httpx

from samrun.endpoints import url
from samrun.error_code import error_code
from samrun.functions.execution_environment import LogLine
from samrun.functions.invoker import TIMED_OUT, InvocationOptions, InvocationResult, check_request
from samrun.functions.sam_cli import SamCli
from samrun.functions.unmarked_error import unmarked_error
from samrun.functions.watcher import changed_functions
from samrun.template.model.functions import Function

# Seconds. The first invocation builds the function's image.
_PATIENCE = 120.0


class SamRuntime:
    """A FunctionRuntime of containers: one of each function, run by `sam local start-lambda` on a port.

    It gets only the result of each invocation. The functions' log lines are in `SamCli.log`; `report` takes the reason
    if the SAM CLI could not run a function.
    """

    def __init__(self, sam: SamCli, functions: Iterable[Function], *, port: int, report: Callable[[str], None]) -> None:
        self._sam = sam
        self._report = report
        self._functions = {function.name: function for function in functions}
        # A container takes one invocation at a time, and refuses a second one.
        self._free = {name: asyncio.Lock() for name in self._functions}
        self._client = httpx.AsyncClient(base_url=url(port), trust_env=False)
        self._invocations: set[asyncio.Task[InvocationResult]] = set()

    async def invoke(
        self, function: str, payload: bytes, _options: InvocationOptions | None = None
    ) -> InvocationResult:
        """Invoke a function by its name. Raises FunctionNotFoundError and PayloadTooLargeError.

        The SAM CLI takes no options.
        """
        check_request(function, payload, self._functions)
        invocation = asyncio.create_task(self._invoke(self._functions[function], payload))
        self._invocations.add(invocation)
        invocation.add_done_callback(self._invocations.discard)
        return await asyncio.shield(invocation)

    async def _invoke(self, function: Function, payload: bytes) -> InvocationResult:
        async with self._free[function.name]:
            try:
                answer = await self._client.post(
                    # Its server matches no path of a nested stack.
                    f"/2015-03-31/functions/{function.logical_id.rpartition('/')[2]}/invocations",
                    content=payload,
                    timeout=function.timeout + _PATIENCE,
                )
            except httpx.HTTPError as error:
                return self._failed("Sam.Unreachable", f"sam local start-lambda: {error_code(error)}")
        if answer.status_code != httpx.codes.OK:
            text = f"sam local start-lambda could not run {function.name} (status {answer.status_code})"
            return self._failed("Sam.Failed", f"{text}; {self._sam.log} says why")
        if not answer.content:
            return self._failed(TIMED_OUT, f"{function.name} did not answer; {self._sam.log} says why")
        return InvocationResult(
            request_id=answer.headers.get("x-amzn-requestid", ""),
            payload=answer.content,
            function_error=answer.headers.get("x-amz-function-error") or unmarked_error(answer.content),
        )

    def _failed(self, error_type: str, message: str) -> InvocationResult:
        self._report(message)
        return InvocationResult.of_error(error_type, message)

    async def warm(self, _report: Callable[[Function], None]) -> None:
        """Do nothing: the first invocation of each function starts its container."""

    async def reload(self, report: Callable[[Function], None], *, watching: asyncio.Event) -> None:
        """Watch the functions' files for ever, and build the functions again that changed. The SAM CLI restarts them.

        Sets `watching` once no change is missed. Raises SamError.
        """
        async for functions in changed_functions(self._functions.values(), ignored=self._sam.data, watching=watching):
            await self._sam.build()
            for function in functions:
                report(function)

    async def stop(self) -> None:
        """Stop waiting for invocations. The SAM CLI ends the containers when it ends."""
        for invocation in self._invocations:
            invocation.cancel()
        await asyncio.gather(*self._invocations, return_exceptions=True)
        await self._client.aclose()


async def forward_log(log: Path, functions: Iterable[Function], line: LogLine) -> None:
    """Read the SAM CLI's log for ever, and forward the JSON lines that have the name of a function in them."""
    by_name = {function.name: function for function in functions}
    with log.open(encoding="utf-8", errors="replace") as lines:
        rest = ""
        while True:
            rest += lines.readline()
            if not rest.endswith("\n"):
                await asyncio.sleep(0.1)
                continue
            written, rest = rest.rstrip("\n"), ""
            with contextlib.suppress(ValueError, RecursionError):
                entry = json.loads(written)
                if isinstance(entry, dict) and (function := by_name.get(str(entry.get("function_name")))):
                    line(function, written)
