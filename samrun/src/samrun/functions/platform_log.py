"""Platform log lines: what Lambda itself writes to a function's log before and after each invocation.

The formats: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html (text) and
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html (JSON). Each billed duration is in whole
milliseconds, and that of a cold start includes the init:
https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from samrun.functions.invocation_metrics import InvocationMetrics
from samrun.functions.invoker import TIMED_OUT
from samrun.rfc3339 import rfc3339

LATEST = "$LATEST"


@dataclass(frozen=True, kw_only=True)
class PlatformLog:
    """Lines about one invocation, in the format that the function's LoggingConfig names."""

    request_id: str
    log_format: Literal["Text", "JSON"]

    def start(self) -> list[str]:
        """Return the lines before those of the function."""
        if self.log_format == "JSON":
            return [self._event("platform.start", {"version": LATEST})]
        return [f"START RequestId: {self.request_id} Version: {LATEST}"]

    def end(self, metrics: InvocationMetrics, *, error_type: str | None) -> list[str]:
        """Return the lines after those of the function. `error_type` is that of an environment that ended."""
        status = "success" if error_type is None else "timeout" if error_type == TIMED_OUT else "error"
        if self.log_format == "JSON":
            record = {"metrics": dict(_json_metrics(metrics)), "status": status}
            return [self._event("platform.report", record | ({"errorType": error_type} if error_type else {}))]
        fields = [
            f"REPORT RequestId: {self.request_id}",
            f"Duration: {metrics.duration:.2f} ms",
            f"Billed Duration: {metrics.billed_duration} ms",
            f"Memory Size: {metrics.memory_size} MB",
        ]
        if metrics.memory_used is not None:
            fields.append(f"Max Memory Used: {metrics.memory_used} MB")
        if metrics.init_duration is not None:
            fields.append(f"Init Duration: {metrics.init_duration:.2f} ms")
        if status != "success":
            fields.append(f"Status: {status}")
        if status == "error":
            fields.append(f"Error Type: {error_type}")
        return [f"END RequestId: {self.request_id}", "\t".join(fields)]

    def _event(self, event_type: str, record: Mapping[str, object]) -> str:
        time = rfc3339(datetime.now(UTC), "milliseconds")
        return json.dumps({"time": time, "type": event_type, "record": {"requestId": self.request_id, **record}})


def _json_metrics(metrics: InvocationMetrics) -> Iterator[tuple[str, float]]:
    yield "durationMs", round(metrics.duration, 3)
    yield "billedDurationMs", metrics.billed_duration
    yield "memorySizeMB", metrics.memory_size
    if metrics.memory_used is not None:
        yield "maxMemoryUsedMB", metrics.memory_used
    if metrics.init_duration is not None:
        yield "initDurationMs", round(metrics.init_duration, 3)
