"""Routes of the control of a stack. Answers are JSON, but for those of `/metrics`, which Prometheus reads.

    GET  /metrics

    GET  /samrun/v1/invocations?after=NUMBER&function=NAME   {"last": number, "invocations": [...]}
    GET  /samrun/v1/idle?wait=SECONDS                        {"idle": true, "waiting_for": []}
    GET  /samrun/v1/resources                                {"resources": [{"logical_id", "type", "name"}, …]}
    POST /samrun/v1/reset?wait=SECONDS                       {"last": number}; it waits for invocations under way

    GET    /samrun/v1/disturbances                           {"disturbances": {function: {"kind", "seconds"}}}
    PUT    /samrun/v1/disturbances/FUNCTION                  {"kind": "error", "delay", "throttle" or "timeout",
                                                              "seconds": of the delay}
    DELETE /samrun/v1/disturbances/FUNCTION                  ends it

An invocation has `number`, `function`, `qualifier`, `started` (RFC 3339), `running`, `seconds`, `event`,
`request_id`, `result`, `function_error` and `log`. `event` and `result` are JSON values, or a text if they are no JSON.
`last` is the number of the newest invocation: those with a higher one came later.
"""

import asyncio
import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from samrun.control.idleness import wait_until_idle
from samrun.control.reset import INVOCATION_PATIENCE, ResetFailedError, ResetRefusedError, reset
from samrun.control.stack_parts import StackParts
from samrun.functions.disturbances import Disturbance, DisturbanceError, disturbance
from samrun.functions.invocation_log import LoggedInvocation
from samrun.json_values import json_or_text
from samrun.rfc3339 import rfc3339
from samrun.supervision.bounded_body import read_at_most

_MAX_WAIT = 60.0  # seconds
_MAX_BODY = 10_000  # bytes


def control_api(parts: StackParts) -> list[BaseRoute]:
    """Return the routes."""
    api = _ControlApi(parts)
    return [
        Route("/metrics", api.metrics),
        Route("/samrun/v1/invocations", api.invocations),
        Route("/samrun/v1/idle", api.idle),
        Route("/samrun/v1/resources", api.resources),
        Route("/samrun/v1/reset", api.reset, methods=["POST"]),
        Route("/samrun/v1/disturbances", api.disturbances),
        Route("/samrun/v1/disturbances/{function}", api.disturb, methods=["PUT"]),
        Route("/samrun/v1/disturbances/{function}", api.mend, methods=["DELETE"]),
    ]


class _ControlApi:
    def __init__(self, parts: StackParts) -> None:
        self._parts = parts
        self._resetting = asyncio.Lock()

    async def metrics(self, _: Request) -> Response:
        parts = self._parts
        text = await asyncio.to_thread(parts.metrics.exposition, parts.mappings, parts.endpoints.kafka)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    async def invocations(self, request: Request) -> Response:
        after, function = request.query_params.get("after", "0"), request.query_params.get("function")
        if not after.isdecimal():
            return PlainTextResponse(f"after={after}: write the number of an invocation", 400)
        log = self._parts.invocations
        return _AsciiJsonResponse(
            {"last": log.started, "invocations": [_as_json(each) for each in log.after(int(after), function)]}
        )

    async def idle(self, request: Request) -> Response:
        patience = _seconds(request, default=0)
        if patience is None:
            return _no_seconds(request)
        waiting_for = await wait_until_idle(self._parts, patience=min(patience, _MAX_WAIT))
        return _AsciiJsonResponse({"idle": not waiting_for, "waiting_for": waiting_for})

    async def resources(self, _: Request) -> Response:
        found = [
            {"logical_id": each.logical_id, "type": each.type, "name": each.name} for each in self._parts.resources
        ]
        return _AsciiJsonResponse({"resources": found})

    async def disturbances(self, _: Request) -> Response:
        found = {name: asdict(each) for name, each in self._parts.disturbances.all().items()}
        return _AsciiJsonResponse({"disturbances": found})

    async def disturb(self, request: Request) -> Response:
        body = await read_at_most(request, _MAX_BODY)
        if (unknown := self._unknown(request)) is not None:
            return unknown
        try:
            self._parts.disturbances.disturb(request.path_params["function"], _disturbance(body or b""))
        except DisturbanceError as error:
            return PlainTextResponse(str(error), 400)
        return Response(status_code=204)

    async def mend(self, request: Request) -> Response:
        self._parts.disturbances.mend(request.path_params["function"])
        return self._unknown(request) or Response(status_code=204)

    def _unknown(self, request: Request) -> Response | None:
        """Return the answer to a request about a function that there is not."""
        name, names = request.path_params["function"], sorted(each.name for each in self._parts.application.functions)
        if name in names:
            return None
        return PlainTextResponse(f"There is no function {name}; there are {', '.join(names) or 'none'}", 404)

    async def reset(self, request: Request) -> Response:
        patience = _seconds(request, default=INVOCATION_PATIENCE)
        if patience is None:
            return _no_seconds(request)
        try:
            async with self._resetting:
                await reset(self._parts, patience=patience)
        except ResetRefusedError as error:
            return PlainTextResponse(str(error), 409)
        except ResetFailedError as error:
            return PlainTextResponse(str(error), 503)
        return _AsciiJsonResponse({"last": self._parts.invocations.started})


def _seconds(request: Request, *, default: float) -> float | None:
    """Return how long the caller wants to wait; None if that is no number. No time is after NaN: it would not end."""
    try:
        seconds = float(request.query_params.get("wait", default))
    except ValueError:
        return None
    return None if math.isnan(seconds) else seconds


def _no_seconds(request: Request) -> Response:
    return PlainTextResponse(f"wait={request.query_params['wait']}: write a number of seconds", 400)


def _disturbance(body: bytes) -> Disturbance:
    """Return the disturbance in the body of a request. Raises DisturbanceError."""
    try:
        content = json.loads(body)
        kind, seconds = content["kind"], content.get("seconds", 0)
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        kind, seconds = None, 0
    return disturbance(kind, seconds)


def _as_json(invocation: LoggedInvocation) -> Mapping[str, Any]:
    result = invocation.result
    return {
        "number": invocation.number,
        "function": invocation.function,
        "qualifier": invocation.qualifier,
        "started": rfc3339(invocation.started),
        "running": invocation.is_running,
        "seconds": round(invocation.seconds, 4),
        "event": json_or_text(invocation.event),
        "request_id": result.request_id if result else None,
        "result": json_or_text(result.payload) if result else None,
        "function_error": result.function_error if result else None,
        "log": result.log_tail.decode(errors="replace") if result else "",
    }


class _AsciiJsonResponse(Response):
    """JSON in ASCII: a text of a function may have halves of surrogate pairs, which UTF-8 cannot hold."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return json.dumps(content).encode()
