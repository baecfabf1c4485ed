"""A program that invokes a handler, and counts what each invocation sends.

    python -m tests.performance.counted_invocations MODULE

Input: a line of JSON for each invocation, its event. Output: a line of JSON for each, an `InvocationCounts` of
invocation_counts.py. The function's own output goes to standard error.

It counts requests on the wire: an attempt that botocore repeats counts, too.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
from kafka.net.connection import KafkaConnection
from kafka.protocol.producer import ProduceRequest

from tests.lambda_context import FakeContext

if TYPE_CHECKING:
    from botocore.model import OperationModel


def main() -> int:
    """Invoke the handler with each event of the input."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    requests, units = Counter[str](), Counter[str]()
    # Before the handler makes its clients: they copy the hooks of the session.
    boto3.setup_default_session()
    assert boto3.DEFAULT_SESSION
    hooks = boto3.DEFAULT_SESSION.events
    hooks.register("request-created", partial(_count_request, requests))
    hooks.register("before-parameter-build.dynamodb", _ask_for_units)
    hooks.register("after-call.dynamodb", partial(_add_units, units))
    _count_produces(requests)
    handler = importlib.import_module(sys.argv[1]).handler
    for line in sys.stdin:
        requests.clear()
        units.clear()
        handler(json.loads(line), FakeContext("counted", remaining_ms=60_000))
        print(json.dumps({"requests": requests, "units": units.total()}), file=answers, flush=True)
    return 0


def _count_request(requests: Counter[str], *, event_name: str, **_: Any) -> None:
    requests[event_name.removeprefix("request-created.")] += 1


def _ask_for_units(*, params: dict[str, Any], model: OperationModel, **_: Any) -> None:
    if model.input_shape and "ReturnConsumedCapacity" in model.input_shape.members:
        params["ReturnConsumedCapacity"] = "TOTAL"


def _add_units(units: Counter[str], *, parsed: dict[str, Any], **_: Any) -> None:
    consumed = parsed.get("ConsumedCapacity", [])
    for table in consumed if isinstance(consumed, list) else [consumed]:
        units[table["TableName"]] += table["CapacityUnits"]


def _count_produces(requests: Counter[str]) -> None:
    send_request = KafkaConnection.send_request

    def counted(connection: KafkaConnection, request: Any, *args: Any, **kwargs: Any) -> Any:
        requests["kafka.Produce"] += isinstance(request, ProduceRequest)
        return send_request(connection, request, *args, **kwargs)

    KafkaConnection.send_request = counted


if __name__ == "__main__":
    sys.exit(main())
