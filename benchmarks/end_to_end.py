"""Benchmark from the POST of an order to its mail, side by side with two pairs in Node.js on the same services.

The pairs are in benchmarks/peers/. All three use one broker, one DynamoDB Local and one local SES, and take turns:
one order each, again and again, so that noise of the machine meets all of them.

    python -m benchmarks.end_to_end [rounds [orders of a round]]
"""

from __future__ import annotations

import itertools
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING

import httpx

from benchmarks.memory_folder import memory_folder
from benchmarks.peers.node_pair import new_order, running_pair
from benchmarks.row import Row
from tests.project import ROOT
from tests.system.order_stack import OrderStack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Writes of services on a disk would be most of the time.
OURS, PLAIN, STORING = "order system", "plain pair", "storing pair"
WARM_UP = 40
# Seconds between a mail and the next order, for what follows a mail: marks, logs, commits.
PAUSE = 0.05
LOOK = 0.005  # seconds between two looks for a mail
PATIENCE = 60.0  # seconds
MAX_OF_PLAIN, MAX_OF_STORING, MAX_OF_P50 = 4.0, 1.0, 3.0

PLAIN_CAUSE = (
    "The way to the mail leads through samrun's gateway, the order function, samrun's mapping and notify, with two "
    "writes to DynamoDB Local (order, claim). The pair has two processes and no write. Tried: samrun writes no mark "
    "into an empty log before each invocation any more, which took two changes of threads."
)
STORING_CAUSE = (
    "The pair makes the same two writes before the mail, but has two processes on the way and not four: no gateway, no "
    "tokens, no Lambda runtime, no mapping. More than half of the functions' own work is botocore, by profile. Not "
    "tried: a client of one's own in its place, which everybody who adapts the functions would have to keep."
)
P99_CAUSE = (
    "On a machine with other work, the slowest mails waited for a processor: compare the p99 of the pairs in the same "
    "run, printed above the table."
)

_numbers = itertools.count()


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A system that takes orders at `url`."""

    name: str
    url: str
    headers: Mapping[str, str]


@contextmanager
def contestants() -> Iterator[tuple[OrderStack, list[Contestant]]]:
    """Run the order system and both pairs on its services."""
    with (
        memory_folder() as folder,
        OrderStack(ROOT, folder / "data", eager=True) as stack,
        running_pair("plain", stack.endpoints, folder) as plain,
        running_pair("storing", stack.endpoints, folder) as storing,
    ):
        token = {"authorization": f"Bearer {stack.token(scope='orders:write')}"}
        yield (
            stack,
            [
                Contestant(name=OURS, url=f"{stack.endpoints['api']}/orders", headers=token),
                Contestant(name=PLAIN, url=f"{plain.url}/orders", headers={}),
                Contestant(name=STORING, url=f"{storing.url}/orders", headers={}),
            ],
        )


def measure_end_to_end(rounds: int = 3, orders: int = 100) -> list[Row]:
    """Measure the time to the mail, with so many orders of each contestant in a round."""
    with contestants() as (stack, all_of_them):
        _milliseconds(stack, all_of_them, WARM_UP)
        samples = [_milliseconds(stack, all_of_them, orders) for _ in range(rounds)]
    for name in samples[0]:
        every = [each for sample in samples for each in sample[name]]
        print(f"{name:<14} p50 {median(every):6.1f} ms   p99 {p99(every):6.1f} ms   max {max(every):6.1f} ms")
    return rows_of(samples)


def rows_of(samples: Sequence[Mapping[str, Sequence[float]]]) -> list[Row]:
    """Return the rows of the milliseconds of each contestant, by rounds."""
    p50 = {name: [median(each[name]) for each in samples] for name in (OURS, PLAIN, STORING)}
    return [
        Row(
            work="POST to the mail, p50",
            compared_with="a plain pair in Node.js, which stores nothing",
            samples=[ours / peer for ours, peer in zip(p50[OURS], p50[PLAIN], strict=True)],
            unit="x",
            aim=MAX_OF_PLAIN,
            cause=PLAIN_CAUSE,
        ),
        Row(
            work="POST to the mail, p50",
            compared_with="a pair in Node.js that stores orders and keeps a ledger",
            samples=[ours / peer for ours, peer in zip(p50[OURS], p50[STORING], strict=True)],
            unit="x",
            aim=MAX_OF_STORING,
            cause=STORING_CAUSE,
        ),
        Row(
            work="POST to the mail, p99",
            compared_with="its own p50",
            samples=[p99(each[OURS]) / median(each[OURS]) for each in samples],
            unit="x",
            aim=MAX_OF_P50,
            cause=P99_CAUSE,
        ),
    ]


def p99(values: Sequence[float]) -> float:
    """Return the value that one in a hundred reaches or exceeds."""
    return sorted(values)[int(len(values) * 0.99) - 1 if len(values) >= 100 else -1]


def _milliseconds(stack: OrderStack, all_of_them: Sequence[Contestant], orders: int) -> dict[str, list[float]]:
    """Return the milliseconds from each POST to when SES has accepted the mail."""
    placed: dict[str, tuple[str, float]] = {}
    with httpx.Client(trust_env=False) as http:
        for _ in range(orders):
            for each in all_of_them:
                reference, mails = f"pay-{next(_numbers)}", _number_of_mails(stack)
                placed[f"{reference}@example.com"] = each.name, time.time()
                http.post(each.url, json=new_order(reference), headers=each.headers).raise_for_status()
                _wait_for_mails(stack, mails + 1)
                time.sleep(PAUSE)
    accepted = {
        mail["To"][0]["Address"]: datetime.fromisoformat(mail["Created"]).timestamp()
        for mail in itertools.islice(stack.mails(), len(placed))
    }
    took: dict[str, list[float]] = {each.name: [] for each in all_of_them}
    for address, (name, at) in placed.items():
        took[name].append((accepted[address] - at) * 1000)
    return took


def _number_of_mails(stack: OrderStack) -> int:
    # The inbox's API would take some of the processor that the next order is to have.
    folder = stack.data / "mails"
    return len(list(folder.glob("*.eml")))


def _wait_for_mails(stack: OrderStack, number: int) -> None:
    end = time.monotonic() + PATIENCE
    while _number_of_mails(stack) < number:
        if time.monotonic() > end:
            raise TimeoutError(f"no mail came within {PATIENCE:.0f} s")
        time.sleep(LOOK)


if __name__ == "__main__":
    for row in measure_end_to_end(*map(int, sys.argv[1:])):
        print(f"{row.work}, against {row.compared_with}: {row.value:.2f} {row.unit}, aim {row.aim}, {row.is_met}")
