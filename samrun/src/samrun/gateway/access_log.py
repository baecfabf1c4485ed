"""Access log: one line for each request that an API answers."""

import time
from collections.abc import Callable
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope, Send

from samrun.supervision.access import Access


def log_access(
    scope: Scope, send: Send, *, function: str | None, log: Callable[[Access], None], headers: dict[str, str]
) -> Send:
    """Return a `send` that logs the answer, and puts these headers into it. `function` is None if no route matched."""
    started = time.perf_counter()

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
                )
            )
        await send(part)

    return send_and_log
