"""Runtime API of Lambda: a runtime client takes invocations from it and sends their responses to it.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from samrun.functions.invocation_metrics import InvocationMetrics
from samrun.functions.invoker import error_payload

_PREFIX = "/2018-06-01/runtime"


@dataclass(frozen=True, kw_only=True)
class RuntimeResponse:
    """Response of an invocation or of the init. If `failed`, `payload` is the error's JSON.

    `log_tail` is what the invocation logged last; `metrics` are known if it was asked for.
    """

    payload: bytes
    failed: bool = False
    log_tail: bytes = b""
    metrics: InvocationMetrics | None = None

    @property
    def error_type(self) -> str:
        """The type of the error of a response that failed."""
        return str(json.loads(self.payload).get("errorType"))

    @classmethod
    def error(cls, error_type: str, message: str) -> Self:
        """Return a failure as the callers of a function get it."""
        return cls(payload=error_payload(error_type, message), failed=True)


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """An invocation in progress. `timeout` is in seconds, `client_context` a JSON text in ASCII."""

    payload: bytes
    function_arn: str
    timeout: float
    request_id: str
    trace_header: str
    client_context: str | None = None
    tenant_id: str | None = None
    response: asyncio.Future[RuntimeResponse] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def complete(self, response: RuntimeResponse) -> None:
        """Set the response, unless there is one already."""
        if not self.response.done():
            self.response.set_result(response)


class RuntimeApi:
    """The Runtime API of one environment.

    It calls `on_next` whenever the client asks for an invocation; the first time means that the init is over. It calls
    `on_init_error` with the error's JSON.
    """

    def __init__(self, *, on_next: Callable[[], None], on_init_error: Callable[[bytes], None]) -> None:
        self._on_next = on_next
        self._on_init_error = on_init_error
        # None means that the environment ends.
        self._queue: asyncio.Queue[Invocation | None] = asyncio.Queue()
        self._in_progress: dict[str, Invocation] = {}
        self.app = Starlette(
            routes=[
                Route(f"{_PREFIX}/invocation/next", self._next),
                Route(f"{_PREFIX}/invocation/{{request_id}}/response", self._response, methods=["POST"]),
                Route(f"{_PREFIX}/invocation/{{request_id}}/error", self._error, methods=["POST"]),
                Route(f"{_PREFIX}/init/error", self._init_error, methods=["POST"]),
            ]
        )

    def enqueue(self, invocation: Invocation) -> None:
        """Add an invocation to those that the client takes."""
        self._queue.put_nowait(invocation)

    def close(self) -> None:
        """Release a client that waits for an invocation."""
        self._queue.put_nowait(None)

    async def _next(self, _request: Request) -> Response:
        self._on_next()
        # No invocation is lost to the last `next` of a client that ends: its environment ends with it.
        invocation = await self._queue.get()
        if invocation is None:
            return Response(status_code=410)
        self._in_progress[invocation.request_id] = invocation
        return Response(
            invocation.payload,
            media_type="application/json",
            headers={
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + invocation.timeout) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                "Lambda-Runtime-Trace-Id": invocation.trace_header,
                **({"Lambda-Runtime-Client-Context": invocation.client_context} if invocation.client_context else {}),
                **({"Lambda-Runtime-Aws-Tenant-Id": invocation.tenant_id} if invocation.tenant_id else {}),
            },
        )

    async def _response(self, request: Request) -> Response:
        return await self._complete(request, failed=False)

    async def _error(self, request: Request) -> Response:
        return await self._complete(request, failed=True)

    async def _complete(self, request: Request, *, failed: bool) -> Response:
        invocation = self._in_progress.pop(request.path_params["request_id"], None)
        if invocation is None:
            return JSONResponse({"errorType": "InvalidRequestID"}, status_code=400)
        invocation.complete(RuntimeResponse(payload=await request.body(), failed=failed))
        return JSONResponse({"status": "OK"}, status_code=202)

    async def _init_error(self, request: Request) -> Response:
        self._on_init_error(await request.body())
        return JSONResponse({"status": "OK"}, status_code=202)
