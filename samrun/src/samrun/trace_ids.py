"""Trace ids: which request, invocation and record belong together, by the headers that AWS and W3C define.

https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader and
https://www.w3.org/TR/trace-context/#traceparent-header. A trace id is written as 32 hexadecimal digits, as W3C does;
X-Ray writes the same one as `1-8 digits-24 digits`.
"""

import re
import secrets
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping

HEADER = "x-amzn-trace-id"
_ROOT = re.compile(r"\bRoot=1-([0-9a-f]{8})-([0-9a-f]{24})\b")
_PARENT = re.compile(r"\bParent=([0-9a-f]{16})\b")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\b")


def new_root() -> str:
    """Return a new trace, as API Gateway gives one to a request without: `Root=1-…`."""
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"


def header_of_invocation(request_id: str) -> str:
    """Return the header that Lambda gives to an invocation. Its parent is the segment of the invocation.

    boto3 sends it with each call of the function to AWS, so `parent_in` tells which invocation made a call.
    """
    return f"{new_root()};Parent={segment_of(request_id)};Sampled=0"


def segment_of(request_id: str) -> str:
    """Return the segment of an invocation: 16 hexadecimal digits, made of its request id."""
    digits = request_id.replace("-", "").lower()
    return digits[:16] if re.fullmatch("[0-9a-f]{32}", digits) else uuid.uuid5(uuid.NAMESPACE_OID, request_id).hex[:16]


def parent_in(header: str) -> str | None:
    """Return the segment of the invocation that sent a call with this header; None if no invocation did."""
    found = _PARENT.search(header)
    return found[1] if found else None


def trace_ids_in(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the trace ids of a request, by its headers, whose names are in lower case: W3C's first, then X-Ray's."""
    return tuple(dict.fromkeys(_trace_ids(headers)))


def _trace_ids(headers: Mapping[str, str]) -> Iterator[str]:
    yield from trace_ids_of([headers.get("traceparent", "")])
    if root := _ROOT.search(headers.get(HEADER, "")):
        yield "".join(root.groups())


def trace_ids_of(traceparents: Iterable[object]) -> Iterator[str]:
    """Yield the trace id of each valid W3C traceparent among some values."""
    for each in traceparents:
        if isinstance(each, str) and (found := _TRACEPARENT.match(each)):
            yield found[1]
