"""Invoker: the protocol by which the gateway, the mappings and the schedules invoke functions."""

import json
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, Self

from samrun.errors import SamrunError
from samrun.functions.invocation_metrics import InvocationMetrics
from samrun.rfc3339 import rfc3339

# Bytes of a synchronous invocation: the limit of the request and of the response.
PAYLOAD_LIMIT = 6 * 1024 * 1024

TIMED_OUT = "Sandbox.Timedout"
"""Type of the error of an invocation that took longer than the function may."""


class FunctionNotFoundError(SamrunError):
    """The template has no function of this name."""


class PayloadTooLargeError(SamrunError):
    """The payload of a synchronous invocation exceeds Lambda's 6 MB."""


@dataclass(frozen=True, kw_only=True)
class InvocationOptions:
    """Options of one invocation. `client_context` is a JSON text in ASCII; `qualifier` is a version or an alias.

    `tenant_id` names the tenant for whom a function with a TenancyConfig is invoked.
    The result has the end of the invocation's log only `with_log`.
    """

    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    qualifier: str | None = None
    client_context: str | None = None
    tenant_id: str | None = None
    with_log: bool = False


@dataclass(frozen=True, kw_only=True)
class InvocationResult:
    """Result of one invocation.

    `payload` is the JSON that the function returned. If `function_error` is set (to `Unhandled`), `payload` is usually
    an object with `errorType` and `errorMessage`; but a runtime may report anything. `log_tail` has the last 4 KB that
    the invocation logged, with the lines of the platform. `metrics` are None where samrun does not run the function.
    """

    request_id: str
    payload: bytes
    function_error: str | None = None
    log_tail: bytes = b""
    metrics: InvocationMetrics | None = None

    @classmethod
    def of_error(cls, error_type: str, message: str) -> Self:
        """Return the result of an invocation that did not reach the function's code."""
        return cls(request_id="", payload=error_payload(error_type, message), function_error="Unhandled")

    @property
    def error_type(self) -> str:
        """The type of the function's error. The message is in the function's own log, since it may contain anything."""
        return str(self._error().get("errorType") or "Runtime.Unknown")  # as Lambda's own log has it

    @property
    def error_message(self) -> str:
        """The message of the function's error; empty if there is none."""
        return str(self._error().get("errorMessage") or "")

    def _error(self) -> Mapping[str, Any]:
        """Return the object of the error; an empty one if the runtime reported something else."""
        try:
            error = json.loads(self.payload)
        except (ValueError, RecursionError):  # not JSON, or nested too deep
            return {}
        return error if isinstance(error, dict) else {}


class FunctionUnavailableError(SamrunError):
    """An invocation did not reach its function: the endpoint throttles it, refuses it or does not answer."""


class FunctionThrottledError(FunctionUnavailableError):
    """Lambda throttles the function: it answers 429, TooManyRequestsException."""


class Invoker(Protocol):
    """Invoker of functions by name."""

    async def invoke(self, function: str, payload: bytes, options: InvocationOptions | None = None) -> InvocationResult:
        """Invoke `function` with a JSON payload and wait for the result.

        A caller that stops waiting does not end the invocation, as in Lambda.
        Raises FunctionNotFoundError, PayloadTooLargeError and FunctionUnavailableError: the function is throttled, or
        it is elsewhere and does not answer.
        A failed function raises nothing: the result says so.
        """
        ...


def error_payload(error_type: str, message: str) -> bytes:
    """Return the payload of an error, as the callers of a function get it."""
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()


def timeout_message(limit: float) -> str:
    """Return the message of an invocation that timed out after `limit` seconds."""
    return f"{rfc3339(datetime.now(UTC), 'milliseconds')} Task timed out after {limit:.2f} seconds"


def check_request(function: str, payload: bytes, known: Collection[str]) -> None:
    """Check an invocation before it starts. Raises FunctionNotFoundError and PayloadTooLargeError."""
    if function not in known:
        raise FunctionNotFoundError(f"There is no function {function}; there are {', '.join(sorted(known))}.")
    if len(payload) > PAYLOAD_LIMIT:
        raise PayloadTooLargeError(
            f"The payload for {function} has {len(payload)} bytes; an invocation may have {PAYLOAD_LIMIT}."
        )
