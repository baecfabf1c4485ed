"""Execution environment of a function: a process under AWS's runtime client, with a Runtime API of its own."""

import asyncio
import contextlib
import math
import os
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from samrun.errors import SamrunError
from samrun.functions import debugger
from samrun.functions.invocation_metrics import InvocationMetrics
from samrun.functions.invoker import PAYLOAD_LIMIT, TIMED_OUT, InvocationOptions, timeout_message
from samrun.functions.log_pipe import LogPipe
from samrun.functions.missing_package import advice_on_missing_package
from samrun.functions.platform_log import PlatformLog
from samrun.functions.runtime_api import Invocation, RuntimeApi, RuntimeResponse
from samrun.pythons.function_python import FunctionPython
from samrun.supervision import ports
from samrun.supervision.process import end_with_parent, stop
from samrun.supervision.server import serving
from samrun.template.model.functions import Function
from samrun.trace_ids import header_of_invocation

INIT_LIMIT = 10.0  # seconds
# Seconds for which the runtime client keeps a connection without a request: while the function works, which a debugger
# can make a matter of days.
_MAX_INVOCATION = 30 * 24 * 3600
_LOG_TAIL = 4096  # bytes

LogLine = Callable[[Function, str], None]


class ExecutionEnvironment:
    """A process that `start` starts and that runs one invocation at a time, until it dies or is stopped.

    A timeout, a crash or an exit ends it, as in Lambda. Then `alive` is False, and the pool starts another one. A
    debugger may hold it for any time. `turn` is held for as long as there is a process. The error that stands in the
    place of a Python is the reason why there is none.
    """

    def __init__(
        self,
        function: Function,
        python: FunctionPython | SamrunError,
        variables: Mapping[str, str],
        log: LogLine,
        turn: contextlib.AbstractAsyncContextManager[None] | None = None,
    ) -> None:
        self._function = function
        self._python = python
        self._variables = variables
        self._log = log
        self._turn = turn or contextlib.nullcontext()
        self._exits = contextlib.AsyncExitStack()
        self._initialized = asyncio.Event()
        self._init_error: bytes | None = None
        self._api = RuntimeApi(on_next=self._initialized.set, on_init_error=self._set_init_error)
        self._process: asyncio.subprocess.Process | None = None
        # One for all invocations: asyncio keeps each cancelled wait for a process until that ends.
        self._died: asyncio.Task[int] | None = None
        self._output: LogPipe | None = None
        self._log_reader: asyncio.Task[None] | None = None
        self._tail = bytearray()
        self._init_duration: float | None = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> RuntimeResponse | None:
        """Start the process and wait for its init. Return the error if the init failed.

        Raises the error that stands in the place of a Python.
        """
        python = self._python
        if isinstance(python, SamrunError):
            raise python
        await self._exits.enter_async_context(self._turn)
        listener = ports.listen("a Runtime API", 0)
        port = listener.getsockname()[1]
        await self._exits.enter_async_context(serving(self._api.app, listener, idle=_MAX_INVOCATION))
        begun = time.monotonic()
        self._output = LogPipe()
        try:
            self._process = await self._start_process(python, port, self._output.writer)
        except BaseException:
            await self._output.discard()
            raise
        self._died = asyncio.create_task(self._process.wait())
        self._log_reader = asyncio.create_task(self._read_log(self._output))
        failure = await self._wait_for(self._initialized.wait(), limit=INIT_LIMIT)
        if failure is None:
            self._init_duration = _milliseconds_since(begun)
            return None
        await self.stop()
        if self._init_error is None:
            return self._log_failure(failure)
        if advice := advice_on_missing_package(self._function, python.origin, self._init_error):
            self._log(self._function, advice)
        return RuntimeResponse(payload=self._init_error, failed=True)

    async def _start_process(self, python: FunctionPython, port: int, output: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            python.executable,
            *debugger.module_arguments(self._function),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            cwd=self._function.code,
            env=self._environment_variables(python, port),
            start_new_session=True,
            preexec_fn=end_with_parent,
        )

    async def invoke(self, payload: bytes, options: InvocationOptions) -> RuntimeResponse:
        """Invoke the function. Return the response, which may be an error."""
        if options.with_log:
            await self._begin_tail(options)
        begun = time.monotonic()
        response, error_type = await self._respond(payload, options)
        duration, memory = _milliseconds_since(begun), self._peak_memory() if options.with_log else None
        init_duration, self._init_duration = self._init_duration, None
        if error_type is not None:
            await self.stop()
        if not options.with_log:
            return response
        metrics = InvocationMetrics(
            duration=duration, memory_size=self._function.memory, memory_used=memory, init_duration=init_duration
        )
        return replace(response, log_tail=await self._end_tail(options, metrics, error_type), metrics=metrics)

    async def _begin_tail(self, options: InvocationOptions) -> None:
        """Begin the tail of an invocation's log. What was printed before is no part of it."""
        await self._flush()
        self._tail.clear()
        self._append_to_tail(self._platform_log(options).start())

    async def _end_tail(self, options: InvocationOptions, metrics: InvocationMetrics, error_type: str | None) -> bytes:
        await self._flush()
        self._append_to_tail(self._platform_log(options).end(metrics, error_type=error_type))
        return bytes(self._tail)

    async def _flush(self) -> None:
        if self._output is not None:
            await self._output.flush()

    def _platform_log(self, options: InvocationOptions) -> PlatformLog:
        return PlatformLog(request_id=options.request_id, log_format=self._function.log_format)

    async def _respond(self, payload: bytes, options: InvocationOptions) -> tuple[RuntimeResponse, str | None]:
        """Return the response, and the type of the error if the environment cannot go on."""
        arn = self._function.arn
        invocation = Invocation(
            payload=payload,
            function_arn=f"{arn}:{options.qualifier}" if options.qualifier else arn,
            timeout=self._function.timeout,
            request_id=options.request_id,
            trace_header=header_of_invocation(options.request_id),
            client_context=options.client_context,
            tenant_id=options.tenant_id,
        )
        self._api.enqueue(invocation)
        failure = await self._wait_for(asyncio.shield(invocation.response), limit=self._function.timeout)
        if failure is not None:
            return self._log_failure(failure), failure.error_type
        response = invocation.response.result()
        if len(response.payload) > PAYLOAD_LIMIT:
            too_large = f"Response payload size exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes)."
            response = RuntimeResponse.error("Function.ResponseSizeTooLarge", too_large)
        return response, None

    async def stop(self) -> None:
        """End the process, and read the rest of its log."""
        if self._process is not None:
            await stop(self._process, patience=2)
        if self._output is not None:
            await self._output.close()
        if self._log_reader is not None:
            await self._log_reader
        self._api.close()
        await self._exits.aclose()

    async def _wait_for(self, event: Awaitable[object], *, limit: float) -> RuntimeResponse | None:
        """Wait for `event`. Return the failure if the process ends or `limit` seconds pass before it.

        A debugger may hold the process for any time.
        """
        if self._died is None:
            raise RuntimeError("the environment is not started")
        awaited = asyncio.ensure_future(event)
        try:
            timeout = None if self._function.debug_port else limit
            done, _ = await asyncio.wait({awaited, self._died}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            awaited.cancel()
        if awaited in done:
            return None
        if self._died in done:
            return RuntimeResponse.error("Runtime.ExitError", f"Runtime exited with exit status {self._died.result()}")
        return RuntimeResponse.error(TIMED_OUT, timeout_message(limit))

    def _log_failure(self, failure: RuntimeResponse) -> RuntimeResponse:
        # The function could not log this itself.
        self._log(self._function, failure.payload.decode(errors="replace"))
        return failure

    def _set_init_error(self, payload: bytes) -> None:
        self._init_error = payload

    async def _read_log(self, output: LogPipe) -> None:
        async for line in output.lines():
            # The runtime client separates the lines of a traceback by carriage returns.
            text = line.decode(errors="replace").replace("\r", "\n")
            self._append_to_tail([text])
            self._log(self._function, text)

    def _append_to_tail(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._tail += f"{line}\n".encode()
        del self._tail[:-_LOG_TAIL]

    def _peak_memory(self) -> int | None:
        """Return the megabytes that the process used at most, where the operating system tells it."""
        if self._process is None:
            return None
        try:
            status = Path("/proc", str(self._process.pid), "status").read_text()
        except OSError:  # this is no Linux, or the process has ended
            return None
        found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
        return math.ceil(int(found[1]) / 1024) if found else None

    def _environment_variables(self, python: FunctionPython, port: int) -> dict[str, str]:
        function = self._function
        return {
            # From the developer's own environment, only what a process needs. Above all no AWS credentials.
            **_copied("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT"),
            **_copied("SSL_CERT_FILE", "SSL_CERT_DIR"),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PYTHONPATH": os.pathsep.join(map(str, (*python.search_path(function), debugger.SEARCH_PATH))),
            "PYTHONUNBUFFERED": "1",
            **debugger.breakpoint_variables(function),
            "_HANDLER": function.handler,
            "LAMBDA_TASK_ROOT": str(function.code),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{python.version}",
            "AWS_LAMBDA_RUNTIME_API": f"{ports.LOOPBACK}:{port}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": function.log_format,
            **({"AWS_LAMBDA_LOG_LEVEL": function.log_level} if function.log_level else {}),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}",
            # This machine has no X-Ray daemon.
            "POWERTOOLS_TRACE_DISABLED": "true",
            "AWS_XRAY_SDK_ENABLED": "false",
            **function.environment,
            # Last, since a template may declare endpoints that are empty in a deployment.
            **self._variables,
        }


def _milliseconds_since(begun: float) -> float:
    return (time.monotonic() - begun) * 1000


def _copied(*names: str) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}
