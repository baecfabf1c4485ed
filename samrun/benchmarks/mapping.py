"""Benchmark of samrun's Kafka mapping, against a bare consumer of the same client library in the same run.

All read the same topic of a real broker from its beginning: 6 partitions, records of 200 bytes, uncompressed. The
mapping delivers them at BatchSize 1000 to a function behind HTTP that answers at once, in another process, so what is
measured is the mapping: reading, batching, the event as JSON, and commits. The others are:

- the bare consumer, which reads as fast as it can and does nothing with the records;
- the loop that a developer would write without samrun: it reads, makes each event with json.dumps, posts it by HTTP,
  and commits;
- the minimum that a Python program does for such an event: the same with the bytes of each record joined by hand. It
  keeps no order of partitions, no retries and no sizes.

Processor time is that of the whole process, the client library's threads included, without the function's. Last, the
mapping is idle: its processor time in 10 seconds without a record. Runs alternate, and the median of 3 counts.

    python samrun/benchmarks/mapping.py [number of records] [--runs N] [--json]
"""

import argparse
import base64
import contextlib
import json
import multiprocessing
import sys
import tempfile
import threading
import time
import uuid
from binascii import b2a_base64
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
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
        bare, looped, minimal, mapped = [], [], [], []
        with _function_process() as port:
            for _ in range(options.runs):
                bare.append(_consume(broker.bootstrap, number, lambda *_: None))
                looped.append(_consume(broker.bootstrap, number, _Loop(_event, port)))
                minimal.append(_consume(broker.bootstrap, number, _Loop(_event_by_hand, port)))
                mapped.append(_map(broker.bootstrap, number, _Function(number, port)))
        idle = _idle(broker.bootstrap)
    if options.json:
        measured = {"bare": bare, "loop": looped, "minimum": minimal, "mapping": mapped, "idle": [idle]}
        print(json.dumps({name: [asdict(each) for each in spent] for name, spent in measured.items()}))
        return 0
    _print("bare consumer", bare, number)
    _print("loop", looped, number)
    _print("minimum", minimal, number)
    _print("mapping", mapped, number)
    for name, runs in (("bare consumer", bare), ("loop", looped), ("minimum", minimal)):
        clock = median(each.clock for each in runs) / median(each.clock for each in mapped)
        processor = median(each.processor for each in mapped) / median(each.processor for each in runs)
        print(
            f"The mapping moves {clock:.0%} of the records a second of the {name}, at {processor:.1f} x its processor."
        )
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


class _Loop:
    """Body of a loop: it makes an event of messages, posts it, and commits."""

    def __init__(self, make_event: Callable[[list[Message]], bytes], port: int) -> None:
        self._make_event = make_event
        self._poster = _Poster(port)

    def __call__(self, consumer: Consumer, messages: list[Message]) -> None:
        if messages:
            self._poster.post(self._make_event(messages))
            consumer.commit(asynchronous=True)


def _event(messages: list[Message]) -> bytes:
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
    return json.dumps({"eventSource": "SelfManagedKafka", "records": {"records": records}}).encode()


def _event_by_hand(messages: list[Message]) -> bytes:
    form = (
        b'{"topic":"records","partition":%d,"offset":%d,"timestamp":%d,"timestampType":"CREATE_TIME",'
        b'"key":"%b","value":"%b","headers":%b}'
    )
    records = [
        form
        % (
            each.partition(),
            each.offset(),
            each.timestamp()[1],
            b2a_base64(each.key() or b"", newline=False),
            b2a_base64(each.value() or b"", newline=False),
            b"[{}]" if each.headers() else b"[]",
        )
        for each in messages
    ]
    return b'{"eventSource":"SelfManagedKafka","records":{"records":[%b]}}' % b",".join(records)


class _Poster:
    """Poster of events to the function, with a connection for each thread."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connections = threading.local()

    def post(self, event: bytes) -> bytes:
        """Post an event, and return the function's answer."""
        if not hasattr(self._connections, "own"):
            self._connections.own = HTTPConnection("127.0.0.1", self._port)
        connection: HTTPConnection = self._connections.own
        connection.request("POST", "/", event)
        return connection.getresponse().read()


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one packet

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "4")
        self.end_headers()
        self.wfile.write(b"null")

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def _serve(port: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    port.send(server.server_port)
    server.serve_forever()


@contextlib.contextmanager
def _function_process() -> Iterator[int]:
    """Run the function in a process of its own, and yield its port."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


class _Function:
    """Function that answers at once, and says when the first and the last record came. Without a port, it gets none."""

    def __init__(self, number: int, port: int | None) -> None:
        self._left = number
        self._lock = threading.Lock()
        self._poster = None if port is None else _Poster(port)
        self.watch: Watch | None = None
        self.done: Future[Spent] = Future()

    def invoke(self, _name: str, payload: bytes) -> "Future[InvocationResult]":
        with self._lock:
            self.watch = self.watch or Watch()
        response = self._poster.post(payload) if self._poster else b"null"
        with self._lock:
            self._left -= payload.count(b'"offset":')
            if self._left <= 0 and not self.done.done():
                self.done.set_result(self.watch.spent())
        answer: Future[InvocationResult] = Future()
        answer.set_result(InvocationResult(request_id="r", payload=response))
        return answer


def _map(bootstrap: str, number: int, function: _Function) -> Spent:
    """Return what a mapping spends on all records, once its function has the first batch."""
    poller, thread = _start(bootstrap, function)
    spent = function.done.result(600)
    poller.stop()
    thread.join()
    return spent


def _idle(bootstrap: str) -> Spent:
    poller, thread = _start(bootstrap, _Function(0, None), starting_position="LATEST")
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
