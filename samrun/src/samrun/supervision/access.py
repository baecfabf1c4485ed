"""Access to the HTTP API: one line of the log that the gateway writes, the terminal prints and the journal keeps."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Access:
    """One line of the access log. `path` is percent-encoded; `function` is None if no route matched.

    `trace_ids` are those of the request's headers, as 32 hexadecimal digits each.
    """

    method: str
    path: str
    status: int
    milliseconds: float
    function: str | None
    trace_ids: tuple[str, ...] = ()
