"""Benchmark of orders a second with 32 clients, against the writes that DynamoDB Local can do alone in the same run.

It also measures what an order takes of the processor, in each process of the stack. "Our own" are those with code of
this repository: samrun (gateway, mapping, console) and the functions. DynamoDB Local, Kafka and moto are not.

    python -m benchmarks.throughput [rounds [orders of a round]]
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks.bare_writes import WRITES_OF_AN_ORDER_AND_ITS_MAIL, orders_a_second
from benchmarks.memory_folder import memory_folder
from benchmarks.peers.node_pair import new_order
from benchmarks.row import Row
from tests.project import ROOT
from tests.system.order_stack import OrderStack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Writes of services on a disk would be most of the time.
CLIENTS = 32
WARM_UP = 200
MIN_OF_BOUND, MAX_MILLISECONDS = 90.0, 12.0
PROCESSOR_CAUSE = (
    "By profile, more than half of the work of the order function and of notify is botocore: five calls for an order "
    "and its mail. Of samrun, the log lines of functions and HTTP between it and the runtime clients are the largest "
    "parts. Tried: it writes no mark into an empty log before each invocation any more, and opens a log file without a "
    "look at its folder. Not tried: a client of one's own in place of botocore."
)
OWN = ("samrun", "OrderFunction", "NotifyFunction")
# By words of the command line; the first that fits.
_PROCESSES = {
    "kafka.Kafka": "Kafka",
    "dynamodbv2.local": "DynamoDB Local",
    "samrun.services.moto_server": "moto",
    "functions.order.handlers.api": "OrderFunction",
    "functions.notify.handlers.notify": "NotifyFunction",
    "functions.": "other functions",
    "samrun": "samrun",
}

_numbers = itertools.count()


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """A round: orders a second to the last mail, the bare writes' orders a second, and milliseconds of the processor.

    The milliseconds are by process, and for one order.
    """

    orders: float
    bound: float
    processor: Mapping[str, float]

    @property
    def share(self) -> float:
        """The share of the bound, in percent."""
        return 100 * self.orders / self.bound

    @property
    def own(self) -> float:
        """Milliseconds of the processor in our own processes, for an order and its mail."""
        return sum(self.processor[name] for name in OWN)


def measure_throughput(rounds: int = 3, orders: int = 600) -> list[Row]:
    """Measure so many rounds, each with the bare writes first."""
    with (
        memory_folder() as folder,
        OrderStack(ROOT, folder / "data", eager=True) as stack,
    ):
        _round(stack, WARM_UP)
        measured = [_round(stack, orders) for _ in range(rounds)]
    for each in measured:
        processor = ", ".join(
            f"{name} {took:.1f}" for name, took in sorted(each.processor.items(), key=lambda item: -item[1])
        )
        writes = each.bound * WRITES_OF_AN_ORDER_AND_ITS_MAIL
        print(
            f"{each.orders:.0f} orders/s; alone, DynamoDB Local does {writes:.0f} writes/s = {each.bound:.0f} orders/s"
        )
        print(
            f"processor, ms an order: {processor}; together {sum(each.processor.values()):.1f}, our own {each.own:.1f}"
        )
    return rows_of(measured)


def rows_of(measured: Sequence[Throughput]) -> list[Row]:
    """Return the rows of these rounds."""
    return [
        Row(
            work=f"orders a second to their mails, {CLIENTS} clients",
            compared_with="the same writes alone on DynamoDB Local, four for an order",
            samples=[each.share for each in measured],
            unit="%",
            aim=MIN_OF_BOUND,
            cause=_cause_of_bound(measured),
            more_is_better=True,
        ),
        Row(
            work="processor for an order and its mail, in our own processes",
            compared_with="nothing",
            samples=[each.own for each in measured],
            unit="ms",
            aim=MAX_MILLISECONDS,
            cause=PROCESSOR_CAUSE,
        ),
    ]


def _cause_of_bound(measured: Sequence[Throughput]) -> str:
    cores = os.cpu_count() or 1
    total = median(sum(each.processor.values()) for each in measured)
    database = median(each.processor["DynamoDB Local"] for each in measured)
    return (
        f"The bound is the processor, and not DynamoDB Local, which had {cores} cores to itself when it was alone. An "
        f"order took {total:.0f} ms of the processor in all processes, {database:.0f} of them in DynamoDB Local: "
        f"{cores} cores do {1000 * cores / total:.0f} orders a second at most, and the clients take their part."
    )


def _round(stack: OrderStack, orders: int) -> Throughput:
    bound = orders_a_second(stack.endpoints["dynamodb"], orders=orders, clients=CLIENTS)
    headers = {
        "content-type": "application/json",
        "authorization": f"Bearer {stack.token(scope='orders:write')}",
    }
    references = [f"pay-{next(_numbers)}" for _ in range(orders)]
    before, began = _processor(stack), time.time()
    with ThreadPoolExecutor(CLIENTS) as threads:
        shares = [references[client::CLIENTS] for client in range(CLIENTS)]
        list(threads.map(lambda share: _place(stack.endpoints["api"], headers, share), shares))
    stack.wait_until_idle()
    after = _processor(stack)
    addresses = {f"{reference}@example.com" for reference in references}
    accepted = {
        mail["To"][0]["Address"]: datetime.fromisoformat(mail["Created"]).timestamp()
        for mail in stack.mails()
        if mail["To"][0]["Address"] in addresses
    }
    if accepted.keys() < addresses:
        raise RuntimeError(f"{len(accepted)} of {orders} mails came")
    return Throughput(
        orders=orders / (max(accepted.values()) - began),
        bound=bound,
        processor={name: 1000 * (after[name] - before[name]) / orders for name in after},
    )


def _place(api: str, headers: dict[str, str], references: Sequence[str]) -> None:
    connection = http.client.HTTPConnection(urlsplit(api).netloc)
    for reference in references:
        connection.request("POST", "/orders", json.dumps(new_order(reference)), headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.HTTPStatus.CREATED:
            raise RuntimeError(f"{answer.status}: {content.decode()}")
    connection.close()


def _processor(stack: OrderStack) -> defaultdict[str, float]:
    """Return the seconds that the processes of the stack have had the processor, by their names."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for process in stack.processes():
        command = " ".join(process.cmdline())
        name = next((name for words, name in _PROCESSES.items() if words in command), "other")
        times = process.cpu_times()
        seconds[name] += times.user + times.system
    return seconds


if __name__ == "__main__":
    for row in measure_throughput(*map(int, sys.argv[1:])):
        print(f"{row.work}, against {row.compared_with}: {row.value:.1f} {row.unit}, aim {row.aim}, {row.is_met}")
