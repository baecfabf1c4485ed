"""Benchmark of notify with a batch of 100 records of 100 orders, against an SES that takes 50 ms for a mail.

One run measures the records one after the other (one thread) and side by side, as the function does it. It also
measures each step of a mail, on the processor and by the clock. The ledger is DynamoDB Local. SES is a stand-in in a
process of its own, since the time of moto is not constant. If the system supports that, the function gets one processor
(Lambda gives it 0.58): threads that take turns on two wait for each other's caches. On a busy machine, the waiting
times include waiting for the processor.

    python -m benchmarks.notify_batch [number of records]
"""

import base64
import contextlib
import io
import itertools
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from typing import Any
from unittest import mock

from benchmarks.memory_folder import memory_folder
from benchmarks.row import Row
from benchmarks.stopwatch import Spent, Stopwatch
from functions.notify.messages import formats
from samrun import CREDENTIALS
from samrun.testing.dynamodb import Database
from tests.system.customers import personal_data_in
from tests.system.killable_functions import application as read_template
from tests.system.order_events import event_of

LATENCY = 0.05
MAILS = 100
ATTEMPTS = 8
PAUSE = 3.0  # seconds, in which the circuit breaker tries again
# DynamoDB Local takes 5 ms for a write to a disk, one write after the other, which no DynamoDB does.
REGION = "us-east-1"

_prices = itertools.count(1)


def batch(number: int) -> dict[str, Any]:
    """Return a mapping's event: new orders, each of another customer and amount, who all want mail alone."""
    records = []
    for offset in range(number):
        event = event_of(offset)
        event["id"] = str(uuid.uuid4())
        event["data"]["order_id"] = f"ord_{uuid.uuid4().hex[:26]}"
        [item] = event["data"]["items"]
        item["unit_price"] = f"{next(_prices)}.50"
        event["data"]["total"] = formats.multiply(item["unit_price"], item["quantity"])
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


@dataclass(frozen=True, kw_only=True)
class Function:
    """The notify function in this process, and what it logs."""

    app: Any
    log: io.StringIO

    def process(self, number: int, *, threads: Executor | None = None) -> Spent:
        """Return what it spends on a batch of so many records, in its own threads or in others.

        On a busy machine, SES or the ledger may answer too late, and records are deferred: such a batch says nothing,
        and another one is tried. Raises SystemExit with the log if that does not help.
        """
        for _ in range(ATTEMPTS):
            spent, failed = self._process_once(number, threads or self.app.threads)
            if not failed:
                return spent
            time.sleep(PAUSE)
        why = [line for line in self.log.getvalue().splitlines() if '"level":"INFO"' not in line]
        raise SystemExit("\n".join([*why, f"{failed} records were not done."]))

    def _process_once(self, number: int, threads: Executor) -> tuple[Spent, int]:
        """Return what a batch takes, and how many of its records have to be retried."""
        # After the app: the logger writes to the stream of its first import.
        from tests.lambda_context import FakeContext

        event, invocation = batch(number), FakeContext("notify", remaining_ms=60_000)
        with mock.patch.object(self.app, "threads", threads):
            began = Spent.by_this_process()
            answer = self.app.handler(event, invocation)
            return Spent.by_this_process() - began, len(answer["batchItemFailures"])

    def steps(self, number: int, *, alone: Executor) -> dict[str, Spent]:
        """Return what each step spends on a batch, one record after the other; then what all else does."""
        from functions.notify import logs
        from functions.notify.channels import mailer
        from functions.notify.ledger import ledger  # as the app has them
        from functions.notify.messages import messages
        from functions.notify.notifying import notifier

        stopwatch = Stopwatch()
        with contextlib.ExitStack() as watching:
            for owner, name, step in [
                (notifier.Notifier, "parse", "parsing"),
                (ledger.Ledger, "claim", "claiming (DynamoDB)"),
                (messages.Messages, "render", "rendering"),
                (mailer, "compose", "composing"),
                (mailer.Mailer, "send", "sending (SES)"),
                (logs.logger, "info", "logging"),
                (ledger.Ledger, "mark_sent", "marking (DynamoDB)"),
            ]:
                watching.enter_context(stopwatch.watching(owner, name, step=step))
            whole = self.process(number, threads=alone)
        return {**stopwatch.steps, "all else": whole - sum(stopwatch.steps.values(), Spent())}


def measure_mails(*, rounds: int) -> list[Row]:
    """Measure batches of 100 mails: one after another, and side by side. A round has one of the former, three others.

    The sample of a round is the ratio of the former to the median of the latter.
    """
    with running_function() as function, ThreadPoolExecutor(1) as alone:
        for threads in (alone, None):
            function.process(MAILS, threads=threads)
        ratios, ones, manies = [], [], []
        for _ in range(rounds):
            one = function.process(MAILS, threads=alone).clock
            many = median(function.process(MAILS).clock for _ in range(3))
            ratios.append(one / many)
            ones.append(one)
            manies.append(many)
    return [
        Row(
            work=f"{MAILS} mails at 50 ms",
            compared_with="the same mails one after another",
            samples=ratios,
            unit="x",
            aim=15,
            more_is_better=True,
            cause=(
                "the processor: the function has one, and a mail takes about 5 ms of it, so 100 mails cannot take less "
                "than 0.5 s. A machine with other work gives less of it. Tried: more threads, which change nothing."
            ),
            detail=f"{median(manies):.2f} s against {median(ones):.2f} s",
        )
    ]


def main() -> int:
    """Print the times of a batch, and of the steps of a mail."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else MAILS
    with running_function() as function, ThreadPoolExecutor(1) as alone:
        for threads in (alone, None):  # a database that is cold takes longer than the function waits for it
            function.process(number, threads=threads)
        one = [function.process(number, threads=alone) for _ in range(3)]
        many = [function.process(number) for _ in range(15)]
        steps = function.steps(number, alone=alone)
    if personal_data_in([function.log.getvalue()]):
        raise SystemExit("The function has logged who its customers are.")
    print(f"{number} mails, SES takes {LATENCY * 1000:.0f} ms for one")
    print("                       median      best   processor")
    print(f"one after the other  {_summary(one)}")
    print(f"side by side         {_summary(many)}")
    best = min(_clocks(one)) / min(_clocks(many))
    print(f"ratio                {median(_clocks(one)) / median(_clocks(many)):6.1f}    {best:6.1f}")
    print()
    print("one mail, ms            processor   waiting")
    for step, spent in steps.items():
        print(f"{step:20}    {_each(spent.processor, number)}   {_each(spent.clock - spent.processor, number)}")
    return 0


def _clocks(runs: Sequence[Spent]) -> list[float]:
    return [spent.clock for spent in runs]


def _summary(runs: Sequence[Spent]) -> str:
    processor = median(spent.processor for spent in runs)
    return f"{median(_clocks(runs)):6.2f} s  {min(_clocks(runs)):6.2f} s  {processor:6.2f} s"


def _each(seconds: float, number: int) -> str:
    return f"{seconds / number * 1000:9.2f}"


@contextlib.contextmanager
def running_function() -> Iterator[Function]:
    """Run the database and the stand-in, and import the function under its environment."""
    with (
        memory_folder() as folder,
        Database(folder) as database,
        _ses() as address,
    ):
        application = read_template(kafka="127.0.0.1:9092", dynamodb=database.url)
        database.create_tables(application)
        [declared] = [each for each in application.functions if each.name == "NotifyFunction"]
        _keep_to_one_processor()
        os.environ |= _environment(declared.environment, dynamodb=database.url, ses=address)
        with contextlib.redirect_stdout(io.StringIO()) as log:
            from functions.notify.handlers import notify

            yield Function(app=notify, log=log)


def _free_port() -> int:
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        port: int = candidate.getsockname()[1]
        return port


def _keep_to_one_processor() -> None:
    """Restrict this thread, and all that it will start, to one processor. macOS and Windows have no such call."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


@contextlib.contextmanager
def _ses() -> Iterator[str]:
    """Run the stand-in, and give its URL."""
    command = [sys.executable, "-m", "benchmarks.quick_ses", str(LATENCY)]
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
    }


if __name__ == "__main__":
    sys.exit(main())
