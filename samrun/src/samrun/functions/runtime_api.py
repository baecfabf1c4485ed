"""Lambda's Runtime API: how a runtime client takes invocations and answers them.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_PREFIX = "/2018-06-01/runtime"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an invocation or the init ended; `payload` is the error's JSON where `failed`."""

    payload: bytes
    failed: bool = False

    @classmethod
    def error(cls, kind: str, message: str) -> Self:
        """Return a failure as the callers of a function get it."""
        return cls(payload=json.dumps({"errorType": kind, "errorMessage": message}).encode(), failed=True)


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """One call of a function, under way. `timeout` is in seconds."""

    payload: bytes
    function_arn: str
    timeout: float
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    outcome: asyncio.Future[Outcome] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def end(self, outcome: Outcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)


class RuntimeApi:
    """The Runtime API of one environment.

    `on_next` is called whenever the client asks for work: the first time says that its init is over.
    `on_init_error` is called with the error's JSON.
    """

    def __init__(self, *, on_next: Callable[[], None], on_init_error: Callable[[bytes], None]) -> None:
        self._on_next = on_next
        self._on_init_error = on_init_error
        # None: the environment ends.
        self._queue: asyncio.Queue[Invocation | None] = asyncio.Queue()
        self._under_way: dict[str, Invocation] = {}
        self.app = Starlette(
            routes=[
                Route(f"{_PREFIX}/invocation/next", self._next),
                Route(f"{_PREFIX}/invocation/{{request_id}}/response", self._response, methods=["POST"]),
                Route(f"{_PREFIX}/invocation/{{request_id}}/error", self._error, methods=["POST"]),
                Route(f"{_PREFIX}/init/error", self._init_error, methods=["POST"]),
            ]
        )

    def give(self, invocation: Invocation) -> None:
        """Hand an invocation to the client."""
        self._queue.put_nowait(invocation)

    def close(self) -> None:
        """Let go of a client that waits for work."""
        self._queue.put_nowait(None)

    async def _next(self, _request: Request) -> Response:
        self._on_next()
        # A client that goes away takes its environment with it, so no invocation is lost to its last `next`.
        invocation = await self._queue.get()
        if invocation is None:
            return Response(status_code=410)
        self._under_way[invocation.request_id] = invocation
        return Response(
            invocation.payload,
            media_type="application/json",
            headers={
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + invocation.timeout) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                "Lambda-Runtime-Trace-Id": _trace_id(),
            },
        )

    async def _response(self, request: Request) -> Response:
        return await self._end(request, failed=False)

    async def _error(self, request: Request) -> Response:
        return await self._end(request, failed=True)

    async def _end(self, request: Request, *, failed: bool) -> Response:
        invocation = self._under_way.pop(request.path_params["request_id"], None)
        if invocation is None:
            return JSONResponse({"errorType": "InvalidRequestID"}, status_code=400)
        invocation.end(Outcome(payload=await request.body(), failed=failed))
        return JSONResponse({"status": "OK"}, status_code=202)

    async def _init_error(self, request: Request) -> Response:
        self._on_init_error(await request.body())
        return JSONResponse({"status": "OK"}, status_code=202)


def _trace_id() -> str:
    root = uuid.uuid4().hex
    return f"Root=1-{int(time.time()):08x}-{root[:24]};Parent={root[16:]};Sampled=0"
