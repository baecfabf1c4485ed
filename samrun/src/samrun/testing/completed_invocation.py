"""Invocation of a function that has ended, as a test sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class CompletedInvocation:
    """An invocation of a function in a stack.

    `event` and `result` are JSON values. `error` is None, or `Unhandled` if the function failed; `result` then has
    `errorType` and `errorMessage`. `log` is the end of what it logged. `number` grows with each invocation.
    """

    number: int
    function: str
    event: Any
    result: Any
    error: str | None
    log: str
    started: datetime
    seconds: float
    request_id: str
    qualifier: str | None

    @classmethod
    def from_json(cls, invocation: Mapping[str, Any]) -> Self:
        """Return an invocation that has ended, as `samrun.control.control_api` describes it."""
        return cls(
            error=invocation["function_error"],
            started=datetime.fromisoformat(invocation["started"]),
            **{
                name: invocation[name]
                for name in ("number", "function", "event", "result", "log", "seconds", "request_id", "qualifier")
            },
        )
