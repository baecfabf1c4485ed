"""An environment of notify killed in the stack while its sends are under way: when does mail flow again?"""

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from socket import socket
from threading import Lock
from typing import Any

import pytest
from kafka.partitioner import murmur2

from samrun.testing.waiting import eventually
from tests.system.customers import address, personal_data_in
from tests.system.fake_ses import Ses, serving
from tests.system.order_events import event_of, order_id_of, publish
from tests.system.order_stack import OrderStack
from tests.system.published_events import PAID
from tests.system.tcp_peer import kill_peer

# `make test` kills notify at each step (test_notify_kills.py), in an environment by itself.
pytestmark = [pytest.mark.proof, pytest.mark.xdist_group("environment-killed")]

PARTITIONS = 3
BEFORE = 60  # more than a batch has: not all of them are claimed when their sender dies
# SES takes its time (seconds), so that many sends are under way when it has this many mails: then their sender dies.
LATENCY, FATAL_MAIL = 1.0, 6
LEASE = 16.0  # seconds: of an invocation, 15, and one more
# The local mapping pauses for up to 5 s before it retries a batch; the rest is for a busy machine.
A_FEW_SECONDS = 5.0 + 15.0

logger = logging.getLogger(__name__)


@dataclass
class Sends:
    """Times when SES had the last mail to each address, by the monotonic clock. It kills the sender of one, once."""

    moments: dict[str, float] = field(default_factory=dict)
    death: float | None = None
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, to: str, sender: socket) -> None:
        with self._lock:
            self.moments[to] = time.monotonic()
            if self.death is None and len(self.moments) == FATAL_MAIL:
                self.death = self.moments[to]
                kill_peer(sender)

    def after_the_death(self, customers: Iterable[int]) -> list[float]:
        """Return when, in seconds after the death, SES had the mails of these customers: the first one first."""
        assert self.death is not None
        return sorted(self.moments[address(number)] - self.death for number in customers)


def test_mail_flows_again_within_the_lease_and_a_few_seconds(start: Callable[..., OrderStack]) -> None:
    sends = Sends()
    with serving(ses := Ses(latency=LATENCY, before_answer=sends)) as url:
        stack = start(environment={"AWS_ENDPOINT_URL_SESV2": url})
        kafka = stack.endpoints["kafka"]
        here, there = customers_of(partition=0), customers_of(partition=1)
        before, behind, beside = list(islice(here, BEFORE)), list(islice(here, 10)), list(islice(there, 10))
        publish(kafka, (event_of(number, PAID) for number in before))
        eventually(lambda: sends.death, what="the sender to be killed")
        ses.latency = 0.0
        publish(kafka, (event_of(number, PAID) for number in [*behind, *beside]))
        customers = [*before, *behind, *beside]
        eventually(lambda: sends.moments.keys() >= set(map(address, customers)), what="everybody's mail")
        stack.wait_until_idle()
        entries = entries_of(stack, customers)
        assert stack.stop() == os.EX_OK

    assert stack.logged("Runtime.ExitError")
    claimed = {number for number, entry in entries.items() if entry.get("possible_duplicate")}
    doubled = {number for number in customers if ses.sent[address(number)] > 1}
    assert doubled
    assert doubled <= claimed < set(before)
    for number in customers:
        assert entries[number]["status"] == "sent"
        assert 1 <= ses.sent[address(number)] <= entries[number]["attempts"]
        assert (entries[number]["attempts"] > 1) is (number in claimed)
    assert personal_data_in([stack.log.read_text(), *map(Path.read_text, (stack.data / "logs").rglob("*.log"))]) == []
    for group, numbers in {"claimed": claimed, "of the same partition, later": behind, "beside": beside}.items():
        moments = sends.after_the_death(numbers)
        logger.info("%s: %d mails, %.1f to %.1f s", group, len(moments), moments[0], moments[-1])
    assert sends.after_the_death(beside)[-1] < LEASE, "another partition waited for the lease"
    assert sends.after_the_death([*claimed, *behind])[-1] < LEASE + A_FEW_SECONDS


def customers_of(*, partition: int) -> Iterator[int]:
    """Return the customers whose orders are in this partition, as Kafka's clients choose it."""
    return (number for number in count() if murmur2(order_id_of(number).encode()) % 2**31 % PARTITIONS == partition)


def entries_of(stack: OrderStack, customers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the ledger's entry of each customer's mail."""
    items = {item["order_id"]: item for item in stack.items("NotificationsTable")}
    return {number: items[order_id_of(number)] for number in customers}
