"""Time of the view Flow with much to show, and of what the journal costs each request and attempt.

    python samrun/benchmarks/console_flow.py [NUMBER]

It notes NUMBER requests, invocations, records and mails (default: 10,000), as a stack would, and prints how long that
took for each, how long the first look and later ones take, and the size of the process.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from samrun.console.flow.flow_index import FlowIndex
from samrun.console.flow.timeline_builder import TimelineBuilder
from samrun.journal.delivery_recorder import DeliveryRecorder
from samrun.journal.journal import Journal
from samrun.mapping.batch_sender import BatchResult
from samrun.supervision.access import Access
from samrun.testing.kafka_records import batch, record
from support.seen_stack import SeenStack


def main(number: int) -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory() as folder:
        print_costs(number)
        stack = SeenStack(Path(folder))
        for each in range(number):
            trace = f"{each + 1:032x}"
            stack.request(trace=trace)
            stack.mail("Confirmed", stack.deliver(stack.record(f"ord_{each:08}", trace=trace, text="x" * 800)))
        index = FlowIndex(stack.parts)
        timelines = TimelineBuilder(stack.parts, index)
        print(f"first look at {number} flows: {seconds(lambda: index.update(index.look())):.3f} s")
        print(f"next look: {seconds(lambda: index.update(index.look())) * 1000:.1f} ms")
        newest = list(index.newest())[:50]
        print(f"list of 50: {seconds(lambda: [timelines.build(f, with_mentions=False) for f in newest]) * 1000:.1f} ms")
        print(f"one timeline: {seconds(lambda: timelines.build(newest[0])) * 1000:.1f} ms")
        print(f"search by mail address: {seconds(lambda: index.find('nobody@example.com')) * 1000:.1f} ms")
        print(f"search by key: {seconds(lambda: index.find('ord_00000001')) * 1000:.3f} ms")
        print(f"size of the process: {psutil.Process().memory_info().rss / 1024 / 1024:.0f} MB")


def print_costs(number: int) -> None:
    """Print what one entry of the journal takes."""
    journal = Journal()
    access = Access(method="POST", path="/orders", status=201, milliseconds=1.0, function="Fn", trace_ids=("a" * 32,))
    print(f"note a request: {microseconds(lambda: journal.note_access(access), number):.1f} us")
    recorder = DeliveryRecorder(mapping="M", function="Fn", journal=journal)
    sent = batch(*(record(offset) for offset in range(10)))
    result = BatchResult(
        failed=batch(), to_retry=batch(), invocation=SeenStack(Path("/nowhere")).deliver(record()).result
    )
    taken = microseconds(lambda: recorder.answered(sent, result, 1), number)
    print(f"note an attempt with 10 records: {taken:.1f} us")


def microseconds(work: Callable[[], object], number: int) -> float:
    """Return how long one of so many pieces of work takes."""

    def repeat() -> None:
        for _ in range(number):
            work()

    return seconds(repeat) / number * 1e6


def seconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
