"""Disturbances of a stack under load, in an order that a seed decides."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from confluent_kafka.cimpl import NewPartitions

from samrun.services.kafka import admin_client
from samrun.testing.broker import Broker
from samrun.testing.stack import RunningStack
from support.visiting_member import Visitor

# Seconds, from and to.
_OUTAGE = (0.0, 3.0)
_PAUSE = (0.2, 2.5)

MAX_PARTITIONS = 12


@dataclass(frozen=True, kw_only=True)
class Step:
    """Part of a disturbance, and when it began and ended, in seconds of the monotonic clock."""

    name: str
    began: float
    ended: float

    def __str__(self) -> str:
        return f"{self.began:.3f} to {self.ended:.3f}: {self.name}"


@dataclass(kw_only=True)
class Disturbances:
    """Disturbances of a stack, which reads `topic` from `broker`.

    Each public method but `run` is one of them: it yields the name of each step when that is done. The last step of the
    stack and of the broker waits until it is ready again. What follows goes on during the next steps: a member that
    died is missed only when its session ends.
    """

    broker: Broker
    topic: str
    partitions: int
    start_stack: Callable[[], RunningStack]
    start_visitor: Callable[[], Visitor]
    chance: Random
    steps: list[Step] = field(default_factory=list, init=False)
    stack: RunningStack = field(init=False)
    _visitor: Visitor | None = field(default=None, init=False)
    _visits: int = field(init=False)

    def __post_init__(self) -> None:
        self.stack = self.start_stack()
        self._visits = self.chance.randrange(2)

    def run(self, counts: "Mapping[Disturbance, int]") -> None:
        """Cause each disturbance so many times, in an order by chance, and end without the other member."""
        disturbances = list(Counter(counts).elements())
        self.chance.shuffle(disturbances)
        for disturb in disturbances:
            self._take(disturb)
            time.sleep(self.chance.uniform(*_PAUSE))
        if self._visitor:
            self._take(Disturbances.change_members)

    def _take(self, disturb: "Disturbance") -> None:
        began = time.monotonic()
        for name in disturb(self):
            self.steps.append(Step(name=name, began=began, ended=time.monotonic()))
            began = time.monotonic()

    def kill_stack(self) -> Iterator[str]:
        self.stack.kill()
        yield "the stack is killed"
        self.stack = self.start_stack()
        yield "the stack is started"

    def restart_stack(self) -> Iterator[str]:
        assert self.stack.stop() == os.EX_OK, self.stack.log.read_text()
        yield "the stack ends"
        self.stack = self.start_stack()
        yield "the stack is started"

    def kill_broker(self) -> Iterator[str]:
        self.broker.kill()
        time.sleep(self.chance.uniform(*_OUTAGE))
        yield "the broker is killed"
        self.broker.start()
        yield "the broker is started"

    def restart_broker(self) -> Iterator[str]:
        self.broker.stop()
        time.sleep(self.chance.uniform(*_OUTAGE))
        yield "the broker ends"
        self.broker.start()
        yield "the broker is started"

    def add_partitions(self) -> Iterator[str]:
        self.partitions = min(MAX_PARTITIONS, self.partitions + self.chance.randint(1, 3))
        admin = admin_client(self.broker.bootstrap)
        admin.create_partitions([NewPartitions(self.topic, self.partitions)])[self.topic].result()
        yield f"the topic has {self.partitions} partitions"

    def change_members(self) -> Iterator[str]:
        """Have another member join the group; if there is one, have it leave or die, in turn."""
        if self._visitor is None:
            self._visitor = self.start_visitor()
            yield "another member joins"
            return
        self._visitor.wait_for_records()
        yield "the other member has records"
        self._visits += 1
        leaves = self._visits % 2 == 0
        (self._visitor.leave if leaves else self._visitor.die)()
        self._visitor = None
        yield f"the other member {'leaves' if leaves else 'dies'}"


Disturbance = Callable[[Disturbances], Iterator[str]]
