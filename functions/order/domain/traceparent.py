"""W3C trace context: an order carries it from its request into its events."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_XRAY_ROOT = re.compile(r"Root=1-(?!0{8}-0{24})([0-9a-f]{8})-([0-9a-f]{24})")
_VALID = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def continue_or_start(headers: Mapping[str, str]) -> str:
    """Return the caller's `traceparent` if it is valid; else one with the request's X-Ray trace; else a new one.

    `headers` are those of API Gateway, with names in lower case. API Gateway adds x-amzn-trace-id itself.
    """
    header = headers.get("traceparent", "")
    if _VALID.fullmatch(header):
        return header
    # https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
    root = _XRAY_ROOT.search(headers.get("x-amzn-trace-id", ""))
    trace = "".join(root.groups()) if root else secrets.token_hex(16)
    return f"00-{trace}-{secrets.token_hex(8)}-01"


def trace_id(traceparent: str) -> str:
    """Return the 32 hex digits that all log lines about one request have as their correlation id."""
    return traceparent.split("-")[1]
