"""Stand-in for `runtime_client`, the compiled module of AWS's runtime client, for a Python without that module.

In AWS's client, only the HTTP requests are compiled; the handling of invocations, errors and logs is Python. So this
module makes the requests, with nothing but the standard library, and the rest stays AWS's own. Its folder is
on the path of functions, under any Python of Lambda: it imports nothing of samrun.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import http.client
import os
from typing import Any

_PREFIX = "/2018-06-01/runtime/invocation"
_HEADERS = (
    "Content-Type",
    "Lambda-Runtime-Aws-Request-Id",
    "Lambda-Runtime-Aws-Tenant-Id",
    "Lambda-Runtime-Client-Context",
    "Lambda-Runtime-Cognito-Identity",
    "Lambda-Runtime-Invocation-Id",
    "Lambda-Runtime-Invoked-Function-Arn",
    "Lambda-Runtime-Trace-Id",
)
_DEADLINE = "Lambda-Runtime-Deadline-Ms"
_agent = ""


def initialize_client(user_agent: str) -> None:
    """Set the User-Agent of all requests."""
    global _agent
    _agent = user_agent


def next() -> tuple[bytes, dict[str, Any]]:  # noqa: A001 - AWS's client calls it by this name
    """Wait for an invocation; return its payload and its headers, None for those that it lacks.

    Raises RuntimeError, as the compiled module does.
    """
    status, headers, payload = _request("GET", "next")
    if status != http.client.OK:
        raise RuntimeError("Failed to get next")
    found: dict[str, Any] = {name: headers.get(name) or None for name in _HEADERS}
    return payload, {**found, _DEADLINE: int(headers.get(_DEADLINE) or 0)}


def post_invocation_result(request_id: str, result: bytes, content_type: str, invocation_id: str | None = None) -> None:
    """Send the result of an invocation. Raises RuntimeError."""
    headers = {"Content-Type": content_type, **_identity(invocation_id)}
    if _request("POST", f"{request_id}/response", result, headers)[0] != http.client.ACCEPTED:
        raise RuntimeError("Failed to post invocation response")


def post_error(request_id: str, error: str, xray_fault: str, invocation_id: str | None = None) -> None:
    """Send the error of an invocation, a JSON text, and the same for X-Ray. Raises RuntimeError."""
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Function-XRay-Error-Cause": xray_fault.encode(),
        **_identity(invocation_id),
    }
    if _request("POST", f"{request_id}/error", error.encode(), headers)[0] != http.client.ACCEPTED:
        raise RuntimeError("Failed to post invocation error")


def _identity(invocation_id: str | None) -> dict[str, str]:
    return {"Lambda-Runtime-Invocation-Id": invocation_id} if invocation_id else {}


def _request(
    method: str, path: str, body: bytes | None = None, headers: dict[str, Any] | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    # A connection for each request: a function may fork or sleep for minutes between two of them.
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        connection.request(method, f"{_PREFIX}/{path}", body, {"User-Agent": _agent, **(headers or {})})
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    except OSError as error:
        raise RuntimeError(f"Failed to reach the Runtime API: {error}") from error
    finally:
        connection.close()
