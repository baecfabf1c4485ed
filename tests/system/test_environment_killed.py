"""An environment of notify killed in the stack while its sends are under way: when does mail flow again?"""

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice, pairwise
from pathlib import Path
from socket import socket
from threading import Event, Lock
from typing import Any

import pytest
from kafka.partitioner import murmur2

from functions.notify.notifying.delivery import TIME_TO_BEGIN
from samrun.testing.waiting import eventually
from tests.system.customers import address, personal_data_in
from tests.system.fake_ses import Ses, serving
from tests.system.order_events import event_of, order_id_of, publish
from tests.system.order_stack import OrderStack
from tests.system.published_events import PAID
from tests.system.tcp_peer import kill_peer

pytestmark = pytest.mark.xdist_group("environment-killed")

PARTITIONS = 3
BEFORE = 60  # more than a batch has: not all of them are claimed when their sender dies
# SES takes its time (seconds), so that many sends are under way when it has this many mails: then their sender dies.
LATENCY, FATAL_MAIL = 1.0, 6
LEASE = 7.0  # seconds: of a claim
# The local mapping pauses for up to 5 s before it retries a batch; the rest is for a busy machine.
A_FEW_SECONDS = 5.0 + 15.0
# Sends that SES has in hand when their sender dies, at so many mails a second in each environment.
FATAL_OPEN, RATE, ENVIRONMENTS = 4, 4, 3

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
    reclaimed = sends.after_the_death(claimed)
    assert sends.after_the_death(beside)[-1] < reclaimed[0], "another partition waited for the lease"
    assert sends.after_the_death([*claimed, *behind])[-1] < LEASE + A_FEW_SECONDS


@dataclass
class OpenSends:
    """Sends that SES has and does not answer until their sender dies: when there are as many as FATAL_OPEN, once."""

    open: set[str] = field(default_factory=set)
    moments: list[float] = field(default_factory=list)
    _is_dead: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, to: str, sender: socket) -> None:
        with self._lock:
            self.moments.append(time.monotonic())
            if not self._is_dead.is_set():
                self.open.add(to)
                if len(self.open) == FATAL_OPEN:
                    kill_peer(sender)
                    self._is_dead.set()
        self._is_dead.wait()

    def silence(self) -> float:
        """Return the longest time between two mails, in seconds."""
        return max(later - earlier for earlier, later in pairwise(sorted(self.moments)))


def test_a_kill_in_a_burst_doubles_the_open_sends_and_leaves_few_other_claims(
    start: Callable[..., OrderStack], project: Path
) -> None:
    parameters = project / "parameters/this-machine.yaml"
    text = parameters.read_text().replace("MailsPerSecond: 1000", f"MailsPerSecond: {ENVIRONMENTS * RATE}")
    parameters.write_text(text)
    sends = OpenSends()
    with serving(ses := Ses(before_answer=sends)) as url:
        stack = start(environment={"AWS_ENDPOINT_URL_SESV2": url})
        customers = list(islice(customers_of(partition=0), BEFORE))
        publish(stack.endpoints["kafka"], (event_of(number, PAID) for number in customers))
        eventually(lambda: ses.sent.keys() >= set(map(address, customers)), what="everybody's mail")
        stack.wait_until_idle()
        entries = entries_of(stack, customers)
        assert stack.stop() == os.EX_OK

    claimed = {address(number) for number, entry in entries.items() if entry.get("possible_duplicate")}
    doubled = {to for to, mails in ses.sent.items() if mails > 1}
    logger.info("%d open, %d claimed, silence %.1f s", len(sends.open), len(claimed), sends.silence())
    assert doubled == sends.open
    assert set(ses.sent.values()) == {1, 2}
    assert doubled <= claimed
    # A claim is older than its message by TIME_TO_BEGIN at most: so many more can be made at this rate.
    assert len(claimed) <= len(doubled) + RATE * TIME_TO_BEGIN.total_seconds() + 1
    assert {entry["status"] for entry in entries.values()} == {"sent"}


def customers_of(*, partition: int) -> Iterator[int]:
    """Return the customers whose orders are in this partition, as Kafka's clients choose it."""
    return (number for number in count() if murmur2(order_id_of(number).encode()) % 2**31 % PARTITIONS == partition)


def entries_of(stack: OrderStack, customers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the ledger's entry of each customer's mail."""
    items = {item["order_id"]: item for item in stack.items("NotificationsTable")}
    return {number: items[order_id_of(number)] for number in customers}
