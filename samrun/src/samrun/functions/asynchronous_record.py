"""Records of asynchronous invocations: the message to a destination about an event and its last attempt.

The form: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from samrun.functions.invoker import InvocationOptions, InvocationResult
from samrun.functions.platform_log import LATEST
from samrun.json_values import json_or_text
from samrun.rfc3339 import rfc3339
from samrun.template.model.functions import Function

Condition = Literal["Success", "RetriesExhausted", "EventAgeExceeded"]


@dataclass(frozen=True, kw_only=True)
class AsynchronousEvent:
    """An event for a function. `options` are the same for each attempt, as the id of the request is."""

    function: Function
    payload: bytes
    options: InvocationOptions


@dataclass(frozen=True, kw_only=True)
class CompletedEvent:
    """An event that needs no further attempt. `result` is that of the last attempt, `at` the time of the record."""

    event: AsynchronousEvent
    condition: Condition
    attempts: int
    result: InvocationResult
    at: datetime

    @property
    def function_arn(self) -> str:
        """The ARN of the function with its qualifier."""
        return f"{self.event.function.arn}:{self.event.options.qualifier or LATEST}"

    def record(self) -> dict[str, Any]:
        """Return the record as JSON."""
        response: dict[str, Any] = {"statusCode": 200, "executedVersion": LATEST}
        if self.result.function_error:
            response["functionError"] = self.result.function_error
        return {
            "version": "1.0",
            "timestamp": rfc3339(self.at.astimezone(UTC), "milliseconds"),
            "requestContext": {
                "requestId": self.event.options.request_id,
                "functionArn": self.function_arn,
                "condition": self.condition,
                "approximateInvokeCount": self.attempts,
            },
            "requestPayload": json_or_text(self.event.payload),
            "responseContext": response,
            "responsePayload": json_or_text(self.result.payload or b"null"),
        }
