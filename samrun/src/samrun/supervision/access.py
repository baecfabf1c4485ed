"""Access to the HTTP API: one line of the log that the gateway writes and the terminal prints."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Access:
    """One line of the access log. `path` is percent-encoded; `function` is None if no route matched."""

    method: str
    path: str
    status: int
    milliseconds: float
    function: str | None
