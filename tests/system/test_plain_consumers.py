"""Consumers of another make, examples/plain/, on a real broker: the contract is enough to write one."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from samrun.testing.waiting import eventually
from tests.node import needs_node
from tests.project import ROOT
from tests.system.order_events import TOPIC, event_of, order_id_of, publish
from tests.system.published_events import CANCELLED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from samrun.testing.broker import Broker

pytestmark = pytest.mark.xdist_group("plain-consumers")

PLAIN = ROOT / "examples/plain"
NEEDS_NODE = needs_node(PLAIN, "kafkajs")
COMMANDS = {
    "plain-kafka-python": [sys.executable, "kafka_python_consumer.py"],
    "plain-aiokafka": [sys.executable, "aiokafka_consumer.py"],
    "plain-kafkajs": ["node", "kafkajs_consumer.mjs"],
}
GROUPS = [pytest.param(group, marks=NEEDS_NODE if group == "plain-kafkajs" else ()) for group in COMMANDS]


@dataclass(kw_only=True)
class OrderTopic:
    """The topic of a broker, with the orders that were paid and the number of all records."""

    broker: Broker
    paid: list[int] = field(default_factory=list)
    records: int = 0
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def pay(self) -> int:
        """Publish the payment of an order, twice; return its number."""
        number = next(self._numbers)
        publish(self.broker.bootstrap, [event_of(number)] * 2)
        self.paid.append(number)
        self.records += 2
        return number

    def publish_what_nobody_reads(self) -> None:
        """Publish an event of another type, a record that is no CloudEvent, and a tombstone."""
        publish(self.broker.bootstrap, [event_of(next(self._numbers), CANCELLED)])
        producer = KafkaProducer(bootstrap_servers=self.broker.bootstrap)
        try:
            producer.send(TOPIC, key=b"k", value=b"{", headers=[("content-type", b"text/plain")]).get()
            producer.send(TOPIC, key=b"k", value=None).get()
        finally:
            producer.close()
        self.records += 3

    def committed(self, group: str) -> int:
        """Return how many records a group has committed."""
        visitor = KafkaConsumer(bootstrap_servers=self.broker.bootstrap, group_id=group, enable_auto_commit=False)
        try:
            return visitor.committed(TopicPartition(TOPIC, 0)) or 0
        finally:
            visitor.close()


@pytest.fixture(scope="module")
def topic(broker: Broker) -> OrderTopic:
    broker.create_topic(TOPIC)
    made = OrderTopic(broker=broker)
    made.pay()
    made.publish_what_nobody_reads()
    made.pay()
    return made


@dataclass(frozen=True, kw_only=True)
class PlainConsumer:
    """A consumer that runs, and the files of its output."""

    process: subprocess.Popen[bytes]
    output: Path
    errors: Path

    def lines(self) -> list[str]:
        """Return what it has printed."""
        return self.output.read_text("utf-8").splitlines()

    def end(self) -> int:
        """Ask it to end, and return its exit status."""
        self.process.terminate()
        return self.process.wait()


@contextlib.contextmanager
def plain_consumer(group: str, topic: OrderTopic, folder: Path, *, stdout: Any = None) -> Iterator[PlainConsumer]:
    """Run a consumer, which prints to a file or to `stdout`."""
    environment = os.environ | {"KAFKA_BOOTSTRAP_SERVERS": topic.broker.bootstrap}
    folder.mkdir()
    output, errors = folder / "output", folder / "errors"
    with output.open("wb") as to_file, errors.open("wb") as stderr:
        process = subprocess.Popen(
            COMMANDS[group], cwd=PLAIN, env=environment, stdout=to_file if stdout is None else stdout, stderr=stderr
        )
        try:
            yield PlainConsumer(process=process, output=output, errors=errors)
        finally:
            process.kill()
            process.wait()


def lines_of(numbers: list[int]) -> list[str]:
    return [f"{order_id_of(number)} 25.00 EUR" for number in numbers]


@pytest.mark.parametrize("group", GROUPS)
def test_consumer_works_on_each_event_once_and_goes_on_where_it_was(
    group: str, topic: OrderTopic, tmp_path: Path
) -> None:
    with plain_consumer(group, topic, tmp_path / "first") as consumer:
        eventually(lambda: topic.committed(group) == topic.records, what=f"{group} to commit all records")
        assert consumer.lines() == lines_of(topic.paid)
        assert consumer.end() == os.EX_OK, consumer.errors.read_text()
    number = topic.pay()
    with plain_consumer(group, topic, tmp_path / "second") as consumer:
        eventually(lambda: topic.committed(group) == topic.records, what=f"{group} to commit the new records")
        assert consumer.lines() == lines_of([number])
        assert consumer.end() == os.EX_OK, consumer.errors.read_text()


@pytest.mark.parametrize("group", GROUPS)
def test_consumer_does_not_commit_an_event_before_its_work_is_done(
    group: str, topic: OrderTopic, tmp_path: Path
) -> None:
    before, number = topic.committed(group), topic.pay()
    reading, writing = os.pipe()
    os.close(reading)  # nobody reads what it prints, so its work fails
    with open(writing, "wb") as pipe, plain_consumer(group, topic, tmp_path / "failing", stdout=pipe) as consumer:  # noqa: PTH123
        eventually(lambda: "pipe" in consumer.errors.read_text().lower(), what=f"{group} to fail")
        consumer.end()
    assert topic.committed(group) == before
    with plain_consumer(group, topic, tmp_path / "working") as consumer:
        eventually(lambda: topic.committed(group) == topic.records, what=f"{group} to commit all records")
        assert consumer.lines()[-1:] == lines_of([number])
        assert consumer.end() == os.EX_OK, consumer.errors.read_text()
