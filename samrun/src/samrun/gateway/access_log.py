"""Access log: one line for each request that an API answers."""

import time
from collections.abc import Callable
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Scope, Send

from samrun.gateway.trace_header import trace_header
from samrun.supervision.access import Access
from samrun.trace_ids import HEADER, trace_ids_in


def log_access(
    scope: Scope, send: Send, *, function: str | None, log: Callable[[Access], None], headers: dict[str, str]
) -> Send:
    """Return a `send` that logs the answer, and puts these headers into it. `function` is None if no route matched."""
    started, trace_ids = time.perf_counter(), _trace_ids(scope)

    async def send_and_log(part: Message) -> None:
        if part["type"] == "http.response.start":
            MutableHeaders(scope=part).update(headers)
            log(
                Access(
                    method=scope["method"],
                    path=quote(scope.get("root_path", "") + scope["path"]),
                    status=part["status"],
                    milliseconds=(time.perf_counter() - started) * 1000,
                    function=function,
                    trace_ids=trace_ids,
                )
            )
        await send(part)

    return send_and_log


def _trace_ids(scope: Scope) -> tuple[str, ...]:
    traceparent = Headers(scope=scope).get("traceparent", "")
    return trace_ids_in({"traceparent": traceparent, HEADER: trace_header(scope)})
