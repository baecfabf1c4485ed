"""One execution environment of a function: a process under AWS's runtime client, with a Runtime API of its own."""

import asyncio
import contextlib
import os
import sys
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from local import ports
from local.lambdas.runtime_api import Invocation, Outcome, RuntimeApi
from local.model import Function
from local.process import end_with_parent, stop
from local.server import serving

INIT_LIMIT = 10.0
_RESPONSE_LIMIT = 6 * 1024 * 1024
_LOG_TAIL = 4096
_LINE_LIMIT = 1024 * 1024

LogLine = Callable[[Function, str], None]


class Environment:
    """Starts with `start`, then takes one invocation at a time, until it dies or is stopped.

    A timeout, a crash or an exit ends it, as in Lambda: `alive` tells, and its owner makes another.
    """

    def __init__(self, function: Function, variables: Mapping[str, str], log: LogLine) -> None:
        self._function = function
        self._variables = variables
        self._log = log
        self._exits = contextlib.AsyncExitStack()
        self._ready = asyncio.Event()
        self._init_error: bytes | None = None
        self._api = RuntimeApi(on_next=self._ready.set, on_init_error=self._note_init_error)
        self._process: asyncio.subprocess.Process | None = None
        self._log_reader: asyncio.Task[None] | None = None
        self._tail = bytearray()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def log_tail(self) -> bytes:
        """The last 4 KB that the latest invocation logged."""
        return bytes(self._tail[-_LOG_TAIL:])

    async def start(self) -> Outcome | None:
        """Start the process and wait for its init; return the error if it failed."""
        listener = ports.listen("a Runtime API", 0)
        port = listener.getsockname()[1]
        await self._exits.enter_async_context(serving(self._api.app, listener))
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "awslambdaric", self._function.handler),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_LINE_LIMIT,
            cwd=self._function.code,
            env=self._environment_variables(port),
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
        self._log_reader = asyncio.create_task(self._read_log(self._process))
        failure = await self._wait_for(self._ready.wait(), limit=INIT_LIMIT)
        if failure is None:
            return None
        await self.stop()
        if self._init_error is None:
            return self._died(failure)
        return Outcome(payload=self._init_error, failed=True)

    async def invoke(self, payload: bytes) -> tuple[str, Outcome]:
        """Invoke the function; return the request's id and the outcome. Errors of the function are outcomes."""
        self._tail.clear()
        invocation = Invocation(payload=payload, function_arn=self._function.arn, timeout=self._function.timeout)
        self._api.give(invocation)
        failure = await self._wait_for(asyncio.shield(invocation.outcome), limit=self._function.timeout)
        if failure is not None:
            await self.stop()
            return invocation.request_id, self._died(failure)
        outcome = invocation.outcome.result()
        if len(outcome.payload) > _RESPONSE_LIMIT:
            too_large = f"Response payload size exceeded maximum allowed payload size ({_RESPONSE_LIMIT} bytes)."
            outcome = Outcome.error("Function.ResponseSizeTooLarge", too_large)
        return invocation.request_id, outcome

    async def stop(self) -> None:
        """End the process, and wait until all that it logged is read."""
        if self._process is not None:
            await stop(self._process, patience=2)
        if self._log_reader is not None:
            await self._log_reader
        self._api.close()
        await self._exits.aclose()

    async def _wait_for(self, event: Awaitable[object], *, limit: float) -> Outcome | None:
        """Wait for `event`; return the failure if the process ends or the time runs out before it."""
        if self._process is None:
            raise RuntimeError("the environment was not started")
        awaited = asyncio.ensure_future(event)
        died = asyncio.create_task(self._process.wait())
        try:
            done, _ = await asyncio.wait({awaited, died}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            awaited.cancel()
            died.cancel()
        if awaited in done:
            return None
        if died in done:
            return Outcome.error("Runtime.ExitError", f"Runtime exited with exit status {self._process.returncode}")
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        return Outcome.error("Sandbox.Timedout", f"{moment} Task timed out after {limit:.2f} seconds")

    def _died(self, failure: Outcome) -> Outcome:
        # The function had no chance to log this itself.
        self._log(self._function, failure.payload.decode(errors="replace"))
        return failure

    def _note_init_error(self, payload: bytes) -> None:
        self._init_error = payload

    async def _read_log(self, process: asyncio.subprocess.Process) -> None:
        while process.stdout is not None:
            try:
                line = await process.stdout.readline()
            except ValueError:  # a line over the limit: what came of it is dropped, the next is read
                continue
            if not line:
                return
            self._tail += line
            del self._tail[: -2 * _LOG_TAIL]
            # The runtime client joins the lines of a traceback by carriage returns.
            self._log(self._function, line.decode(errors="replace").rstrip("\n").replace("\r", "\n"))

    def _environment_variables(self, port: int) -> dict[str, str]:
        function = self._function
        return {
            # Nothing of the developer's own environment but what a process needs: above all no AWS credentials.
            **{name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ},
            **_certificates(),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PYTHONPATH": str(function.code),
            "PYTHONUNBUFFERED": "1",
            "_HANDLER": function.handler,
            "LAMBDA_TASK_ROOT": str(function.code),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
            "AWS_LAMBDA_RUNTIME_API": f"{ports.LOOPBACK}:{port}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": function.log_format,
            **({"AWS_LAMBDA_LOG_LEVEL": function.log_level} if function.log_level else {}),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}",
            # There is no X-Ray daemon here.
            "POWERTOOLS_TRACE_DISABLED": "true",
            "AWS_XRAY_SDK_ENABLED": "false",
            **function.environment,
            # Last: a template may declare endpoints that are empty in a deployment.
            **self._variables,
        }


def _certificates() -> dict[str, str]:
    return {name: os.environ[name] for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ}
