"""How fast notify works off a batch of 100 records of 100 orders, against an SES that takes 50 ms for a mail.

In the same run one record after the other (one thread) and side by side, as the function does it. The ledger is
DynamoDB Local; SES is a stand-in in a process of its own, since moto takes what it takes. Beside the times stands the
processor time of the function: what is neither that nor waiting for SES is DynamoDB.

    python -m benchmarks.notify_batch [number of records]
"""

import base64
import contextlib
import copy
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from functions.notify import aws
from local import ports, settings
from local.endpoints import url
from local.services import CREDENTIALS
from local.template import load
from tests.system.database import Database

LATENCY = 0.05
REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the function reads of its Lambda context: it has time enough."""

    aws_request_id: str
    function_name: str = "notify"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:123456789012:function:notify"
    tenant_id: None = None

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def batch(number: int) -> dict[str, Any]:
    """Return a mapping's event with so many orders that nobody has placed before; their customers want mail alone."""
    sample = json.loads(Path("events/order.paid.v1.json").read_text())
    records = []
    for offset in range(number):
        event = copy.deepcopy(sample)
        event["id"] = str(uuid.uuid4())
        event["data"]["order_id"] = f"ord_{uuid.uuid4().hex[:26]}"
        event["data"]["customer"]["channels"] = ["mail"]
        records.append(
            {
                "topic": "order-events",
                "partition": 0,
                "offset": offset,
                "key": base64.b64encode(event["data"]["order_id"].encode()).decode(),
                "value": base64.b64encode(json.dumps(event).encode()).decode(),
                "headers": [],
            }
        )
    return {"eventSource": "aws:kafka", "records": {"order-events-0": records}}


def measure(app: Any, number: int, *, threads: int) -> tuple[float, float]:
    """Return the seconds that a batch takes by the clock, and those that the processor worked on it."""
    event = batch(number)
    aws.THREADS = threads
    began, worked = time.perf_counter(), time.process_time()
    answer = app.handler(event, cast("Any", Context(aws_request_id=str(uuid.uuid4()))))
    took = time.perf_counter() - began, time.process_time() - worked
    if answer["batchItemFailures"]:
        raise SystemExit(f"{len(answer['batchItemFailures'])} records were not done; the log above says why")
    return took


def main() -> int:
    """Print a line each."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder:
        port = ports.claim("dynamodb", 0)
        application = load(
            Path("template.yaml"),
            parameters={**settings.read([]).parameters, "KafkaBootstrapServers": "127.0.0.1:9092"},
            region=REGION,
            aws="http://127.0.0.1:4566",
        )
        [function] = [each for each in application.functions if each.name == "NotifyFunction"]
        with Database(Path(folder), port=port, application=application), _ses() as address:
            os.environ |= _environment(function.environment, dynamodb=url(port), ses=address)
            threads = aws.THREADS
            with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):  # the function's log
                from functions.notify import app  # under its environment

                measure(app, number, threads=threads)
                one, one_worked = measure(app, number, threads=1)
                many, many_worked = min(measure(app, number, threads=threads) for _ in range(3))
        print(f"{number} mails, SES takes {LATENCY * 1000:.0f} ms for one")
        print(f"one after the other    {one:6.2f} s   processor {one_worked:5.2f} s")
        print(f"side by side, {threads:2}       {many:6.2f} s   processor {many_worked:5.2f} s")
        print(f"ratio                  {one / many:6.1f}")
    return 0


@contextlib.contextmanager
def _ses() -> Iterator[str]:
    """Run the stand-in, and give its URL."""
    command = [sys.executable, "-m", "tests.system.ses", str(LATENCY)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield (process.stdout.readline() if process.stdout else "").strip()
        finally:
            process.terminate()


def _environment(declared: Mapping[str, str], *, dynamodb: str, ses: str) -> dict[str, str]:
    return {
        **declared,
        **CREDENTIALS,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb,
        "AWS_ENDPOINT_URL_SESV2": ses,
        "MAILS_PER_SECOND": "1000000",
        "MAXIMUM_EVENT_AGE_SECONDS": str(10 * 365 * 24 * 3600),
        "POWERTOOLS_TRACE_DISABLED": "true",
    }


if __name__ == "__main__":
    sys.exit(main())
