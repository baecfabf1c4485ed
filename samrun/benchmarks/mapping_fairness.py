"""Benchmark of the fairness of samrun's Kafka mapping: do partitions that fail delay the records of the others?

A topic has six partitions. In the loaded run, the function takes 5 seconds for each batch of two of them, and fails, as
one that waits for a dead service does; a third partition has a backlog of 20,000 records. The other three get a record
every 50 ms each, in both runs. Measured is the time from the production of such a record until the function has it. The
function takes 2 ms for a batch otherwise, and runs in 4 execution environments, samrun's default.

    python samrun/benchmarks/mapping_fairness.py
"""

import json
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles

from confluent_kafka import Producer

from samrun.functions.invoker import InvocationResult
from samrun.mapping.poller import KafkaPoller
from samrun.testing.broker import Broker
from samrun.testing.kafka_records import kafka_mapping

POISONED, BACKLOGGED, HEALTHY = (0, 1), 2, (3, 4, 5)
BACKLOG = 20_000
ENVIRONMENTS = 4
HUNG, QUICK = 5.0, 0.002
INTERVAL, SECONDS = 0.05, 20
PATIENCE = 60.0


class Function:
    """The function of the mapping: it notes how late the healthy records are."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self._executor = executor
        self._lock = threading.Lock()
        self.delays: list[float] = []

    def invoke(self, _name: str, payload: bytes) -> "Future[InvocationResult]":
        return self._executor.submit(self._run, payload)

    def _run(self, payload: bytes) -> InvocationResult:
        now = time.time()
        records = [each for some in json.loads(payload)["records"].values() for each in some]
        healthy = [each for each in records if each["partition"] in HEALTHY]
        with self._lock:
            self.delays += [now - each["timestamp"] / 1000 for each in healthy]
        if any(each["partition"] in POISONED for each in records):
            time.sleep(HUNG)
            return InvocationResult(request_id="r", payload=b"{}", function_error="Unhandled")
        time.sleep(QUICK)
        return InvocationResult(request_id="r", payload=b"null")


def main() -> int:
    """Print how late healthy records are, in a run without load and in one with it."""
    with tempfile.TemporaryDirectory() as folder, Broker(Path(folder)) as broker:
        for name, load in (("unloaded", _nothing), ("loaded", _load)):
            delays = _measure(broker, load)
            cuts = quantiles(delays, n=100)
            print(
                f"{name:<9} {len(delays)} records: p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms, "
                f"longest {max(delays) * 1000:.0f} ms"
            )
    return 0


def _nothing(_producer: Producer, _topic: str) -> None:
    return


def _load(producer: Producer, topic: str) -> None:
    _produce(producer, topic, POISONED)
    for _ in range(BACKLOG):
        _produce(producer, topic, [BACKLOGGED])
    producer.flush()


def _produce(producer: Producer, topic: str, partitions: Collection[int]) -> None:
    for partition in partitions:
        producer.produce(topic, b"x" * 200, key=b"key", partition=partition)


def _measure(broker: Broker, load: Callable[[Producer, str], None]) -> list[float]:
    """Return the delays of the healthy records, in seconds."""
    topic = f"fair-{uuid.uuid4().hex[:8]}"
    broker.create_topic(topic, partitions=6)
    producer = Producer({"bootstrap.servers": broker.bootstrap, "linger.ms": 0, "queue.buffering.max.messages": 10**6})
    load(producer, topic)
    with ThreadPoolExecutor(ENVIRONMENTS) as executor:
        function, assigned = Function(executor), threading.Event()
        mapping = kafka_mapping(topic=topic, consumer_group=topic, batch_size=10)
        poller = KafkaPoller(
            mapping=mapping,
            bootstrap=broker.bootstrap,
            invoke=function.invoke,
            report=lambda _: None,
            on_assigned=assigned.set,
        )
        thread = threading.Thread(target=poller.run)
        thread.start()
        assigned.wait(PATIENCE)
        produced = _produce_healthy(producer, topic)
        deadline = time.monotonic() + PATIENCE
        while len(function.delays) < produced and time.monotonic() < deadline:
            time.sleep(0.1)
        poller.stop()
        thread.join()
    if len(function.delays) < produced:
        raise SystemExit(f"{produced - len(function.delays)} of {produced} healthy records did not arrive")
    return function.delays


def _produce_healthy(producer: Producer, topic: str) -> int:
    rounds = int(SECONDS / INTERVAL)
    for _ in range(rounds):
        _produce(producer, topic, HEALTHY)
        producer.flush()
        time.sleep(INTERVAL)
    return rounds * len(HEALTHY)


if __name__ == "__main__":
    sys.exit(main())
