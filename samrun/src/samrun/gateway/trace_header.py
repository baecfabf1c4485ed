"""Trace header of a request: the client's, or the one that API Gateway adds."""

from starlette.datastructures import Headers
from starlette.types import Scope

from samrun.trace_ids import HEADER, new_root

_KEY = "samrun.trace_header"


def trace_header(scope: Scope) -> str:
    """Return the X-Amzn-Trace-Id of a request, the same each time."""
    if _KEY not in scope:
        scope[_KEY] = Headers(scope=scope).get(HEADER) or new_root()
    header: str = scope[_KEY]
    return header
