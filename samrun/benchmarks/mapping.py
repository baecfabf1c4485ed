"""Benchmark of samrun's Kafka mapping, against a bare consumer of the same client library in the same run.

Both read the same topic of a real broker from its beginning: 6 partitions, records of 200 bytes, uncompressed. The
mapping delivers them at BatchSize 1000 to a function that answers at once, so what is measured is the mapping: reading,
batching, the event as JSON, and commits. The bare consumer reads as fast as it can and does nothing with the records.
The loop is what a developer would write without samrun: it reads, makes each event with json.dumps, and commits.
Processor time is that of the whole process, the client library's threads included. Last, the mapping is idle: its
processor time in 10 seconds without a record. Runs alternate, and the median of 3 counts.

    python samrun/benchmarks/mapping.py [number of records] [--runs N] [--json]
"""

import argparse
import base64
import json
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from confluent_kafka import Consumer, Message, Producer

from samrun.functions.invoker import InvocationResult
from samrun.mapping.poller import KafkaPoller
from samrun.testing.broker import Broker
from samrun.testing.kafka_records import kafka_mapping

Process = Callable[[Consumer, list[Message]], None]

TOPIC = "records"
PARTITIONS = 6
BATCH = 1000
RUNS = 3
IDLE = 10.0


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock, and on the processors."""

    clock: float
    processor: float


class Watch:
    """Stopwatch of the clock and of this process's time on the processors."""

    def __init__(self) -> None:
        self._clock, self._processor = time.perf_counter(), time.process_time()

    def spent(self) -> Spent:
        """Return what was spent since it was made."""
        return Spent(time.perf_counter() - self._clock, time.process_time() - self._processor)


def main() -> int:
    """Print records a second, and processor time per record, of the bare consumer and of the mapping."""
    options = _options()
    number: int = options.number
    with tempfile.TemporaryDirectory() as folder, Broker(Path(folder)) as broker:
        broker.create_topic(TOPIC, partitions=PARTITIONS)
        _produce(broker.bootstrap, number)
        bare, looped, mapped = [], [], []
        for _ in range(options.runs):
            bare.append(_consume(broker.bootstrap, number, lambda *_: None))
            looped.append(_consume(broker.bootstrap, number, _make_event))
            mapped.append(_map(broker.bootstrap, number))
        idle = _idle(broker.bootstrap)
    if options.json:
        measured = {"bare": bare, "loop": looped, "mapping": mapped, "idle": [idle]}
        print(json.dumps({name: [asdict(each) for each in spent] for name, spent in measured.items()}))
        return 0
    _print("bare consumer", bare, number)
    _print("loop", looped, number)
    _print("mapping", mapped, number)
    for name, runs in (("bare consumer", bare), ("loop", looped)):
        ratio = median(each.clock for each in runs) / median(each.clock for each in mapped)
        print(f"The mapping moves {ratio:.0%} of the records a second of the {name}.")
    print(f"An idle mapping takes {idle.processor / idle.clock:.1%} of a processor.")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the mapping against a bare consumer.")
    parser.add_argument("number", nargs="?", type=int, default=300_000, help="records of the topic")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each")
    parser.add_argument("--json", action="store_true", help="print the seconds of each run as JSON")
    return parser.parse_args()


def _produce(bootstrap: str, number: int) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 50, "queue.buffering.max.messages": number})
    for each in range(number):
        producer.produce(TOPIC, b"x" * 200, key=b"key-%d" % each, partition=each % PARTITIONS)
    producer.flush()


def _consume(bootstrap: str, number: int, process: Process) -> Spent:
    """Return what a consumer spends on all records, once it has the first one."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"})
    consumer.subscribe([TOPIC])
    left = number - len(consumer.consume(1, 60))
    watch = Watch()
    while left:
        messages = consumer.consume(min(BATCH, left), 1)
        process(consumer, messages)
        left -= len(messages)
    spent = watch.spent()
    consumer.close()
    return spent


def _make_event(consumer: Consumer, messages: list[Message]) -> None:
    records: list[dict[str, Any]] = [
        {
            "topic": each.topic(),
            "partition": each.partition(),
            "offset": each.offset(),
            "timestamp": each.timestamp()[1],
            "timestampType": "CREATE_TIME",
            "key": base64.b64encode(each.key() or b"").decode(),
            "value": base64.b64encode(each.value() or b"").decode(),
            "headers": [],
        }
        for each in messages
    ]
    json.dumps({"eventSource": "SelfManagedKafka", "records": {"records": records}}).encode()
    consumer.commit(asynchronous=True)


class _Function:
    """Function that answers at once, and says when the first and the last record came."""

    def __init__(self, number: int) -> None:
        self._left = number
        self._lock = threading.Lock()
        self.watch: Watch | None = None
        self.done: Future[Spent] = Future()

    def invoke(self, _name: str, payload: bytes) -> "Future[InvocationResult]":
        with self._lock:
            self.watch = self.watch or Watch()
            self._left -= payload.count(b'"offset":')
            if self._left <= 0 and not self.done.done():
                self.done.set_result(self.watch.spent())
        answer: Future[InvocationResult] = Future()
        answer.set_result(InvocationResult(request_id="r", payload=b"null"))
        return answer


def _map(bootstrap: str, number: int) -> Spent:
    """Return what a mapping spends on all records, once its function has the first batch."""
    function = _Function(number)
    poller, thread = _start(bootstrap, function)
    spent = function.done.result(600)
    poller.stop()
    thread.join()
    return spent


def _idle(bootstrap: str) -> Spent:
    poller, thread = _start(bootstrap, _Function(0), starting_position="LATEST")
    time.sleep(3)
    watch = Watch()
    time.sleep(IDLE)
    spent = watch.spent()
    poller.stop()
    thread.join()
    return spent


def _start(bootstrap: str, function: _Function, **options: object) -> tuple[KafkaPoller, threading.Thread]:
    mapping = kafka_mapping(topic=TOPIC, consumer_group=uuid.uuid4().hex, batch_size=BATCH, **options)
    poller = KafkaPoller(mapping=mapping, bootstrap=bootstrap, invoke=function.invoke, report=lambda _: None)
    thread = threading.Thread(target=poller.run)
    thread.start()
    return poller, thread


def _print(name: str, runs: list[Spent], number: int) -> None:
    clock, processor = median(each.clock for each in runs), median(each.processor for each in runs)
    print(f"{name:<14} {number / clock:>9,.0f} records/s  {processor / number * 1e6:>5.1f} µs of processor a record")


if __name__ == "__main__":
    sys.exit(main())
