"""View of an invocation: what a page shows of it, in a list and alone."""

import json
from dataclasses import dataclass
from datetime import datetime

from samrun.console.shell.content import Content, content_of, one_line, visible
from samrun.counted import counted
from samrun.functions.invocation_log import LoggedInvocation
from samrun.journal.seen_invocation import seen_invocation

_EVENT = 160  # characters in a list
_MAX_READ = 64 * 1024  # bytes of an event in which a list looks for records


@dataclass(frozen=True, kw_only=True)
class InvocationLine:
    """Invocation in a list. `error` is the type of its error; `status` says how it ended, if it did.

    `memory` is in megabytes, `cold_start` in milliseconds; both are None where they are not known.
    """

    number: int
    started: datetime
    seconds: float
    status: str
    error: str
    memory: int | None
    cold_start: float | None
    event: str


@dataclass(frozen=True, kw_only=True)
class InvocationView:
    """Invocation on a page of its own."""

    line: InvocationLine
    request_id: str
    qualifier: str | None
    event: Content
    result: Content
    log: str
    error_message: str


def invocation_line(invocation: LoggedInvocation) -> InvocationLine:
    """Return what a list shows of an invocation."""
    result = invocation.result
    metrics = result.metrics if result else None
    return InvocationLine(
        number=invocation.number,
        started=invocation.started,
        seconds=invocation.seconds,
        status=_status(invocation),
        error=result.error_type if result and result.function_error else "",
        memory=metrics.memory_used if metrics else None,
        cold_start=metrics.init_duration if metrics else None,
        event=_event(invocation),
    )


def invocation_view_of(invocation: LoggedInvocation) -> InvocationView:
    """Return what a page shows of an invocation."""
    result = invocation.result
    return InvocationView(
        line=invocation_line(invocation),
        request_id=invocation.request_id,
        qualifier=invocation.qualifier,
        event=content_of(invocation.event),
        result=content_of(result.payload if result else None),
        log=visible(result.log_tail.decode(errors="replace")) if result else "",
        error_message=visible(result.error_message) if result and result.function_error else "",
    )


def _event(invocation: LoggedInvocation) -> str:
    """Return an event on one line: its records of Kafka by place and key, its request, or else its beginning."""
    if len(invocation.event) > _MAX_READ:
        return one_line(invocation.event, _EVENT)
    records = seen_invocation(invocation).records
    if not records:
        return _request(invocation.event) or one_line(invocation.event, _EVENT)
    (partition, offset), key = records[0].place, records[0].key or ""
    more = f" and {counted(len(records) - 1, 'more record')}" if len(records) > 1 else ""
    return f"{partition}@{offset} {visible(key)[:_EVENT]}{more}"


def _request(event: bytes) -> str:
    """Return the method and the path of the request that an API has made an event of; an empty text for another one."""
    try:
        request = json.loads(event)
        # An HTTP API and a function URL have the first form, a REST API the second one.
        http = request["requestContext"].get("http") or {"method": request["httpMethod"], "path": request["path"]}
        return visible(f"{http['method']} {http['path']}")[:_EVENT]
    except (ValueError, RecursionError, AttributeError, TypeError, LookupError):
        return ""


def _status(invocation: LoggedInvocation) -> str:
    if invocation.is_running:
        return "running"
    if invocation.result is None:
        return "refused"
    return "failed" if invocation.result.function_error else "done"
