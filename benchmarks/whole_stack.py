"""Benchmark of the whole stack, as `make run` starts it: its second start, and what it takes while nobody orders.

The start is timed from outside, from the start of the process until it says that it is ready. Idle, the processor time
and the memory of all its processes count: of samrun, the functions, Kafka and DynamoDB Local. Memory that processes
share counts once (PSS).
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks.row import Row
from samrun.testing.stack import RunningStack
from tests.project import ROOT

SETTLE = 20.0  # seconds until what a start leaves to do is done
WATCH = 30.0
_KINDS = {"kafka.Kafka": "Kafka", "DynamoDBLocal": "DynamoDB Local"}


def measure_whole_stack(*, rounds: int) -> list[Row]:
    """Start a stack once to make its data, then so many times; the last one is watched while it is idle."""
    starts: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "stack"
        for number in range(rounds + 1):
            began = time.perf_counter()
            with RunningStack(ROOT, data, eager=True) as stack:
                if number:  # the first one makes the broker's data
                    starts.append(time.perf_counter() - began)
                if number == rounds:
                    used, memory = _idle(stack)
                stack.stop()
    return [
        Row(
            work="ready, second start",
            compared_with="from the start of the process, by a clock outside",
            samples=starts,
            unit="s",
            aim=4,
            cause="two JVMs and the imports of the functions share two cores.",
        ),
        Row(
            work="idle, processor",
            compared_with="a core; all processes of the stack",
            samples=[100 * sum(used.values())],
            unit="%",
            aim=5,
            cause="Kafka's own threads, which wake up many times a second.",
            detail=_detail({name: f"{100 * each:.1f} %" for name, each in used.items()}),
        ),
        Row(
            work="idle, memory",
            compared_with="all processes of the stack, shared memory once",
            samples=[sum(memory.values())],
            unit="GiB",
            aim=1,
            cause="the heaps of two JVMs, and an interpreter for each function.",
            detail=_detail({name: f"{each * 1024:.0f} MiB" for name, each in memory.items()}),
        ),
    ]


def _detail(parts: dict[str, str]) -> str:
    return ", ".join(f"{name} {part}" for name, part in parts.items())


def _idle(stack: RunningStack) -> tuple[dict[str, float], dict[str, float]]:
    """Return the part of a core and the GiB that each kind of process takes."""
    time.sleep(SETTLE)
    processes = stack.processes()
    before, began = _processor(processes), time.perf_counter()
    time.sleep(WATCH)
    after, seconds = _processor(processes), time.perf_counter() - began
    used: dict[str, float] = {}
    memory: dict[str, float] = {}
    for process, first, last in zip(processes, before, after, strict=True):
        name = _kind(process)
        used[name] = used.get(name, 0) + (last - first) / seconds
        memory[name] = memory.get(name, 0) + _bytes(process) / 2**30
    return used, memory


def _processor(processes: Sequence[psutil.Process]) -> list[float]:
    """Return the seconds that each process has had of the processors."""
    return [sum(process.cpu_times()[:2]) for process in processes]


def _bytes(process: psutil.Process) -> int:
    """Return a process's memory; where the system does not tell shares, all that it has."""
    full = process.memory_full_info()
    found: int = getattr(full, "pss", full.rss)
    return found


def _kind(process: psutil.Process) -> str:
    command = " ".join(process.cmdline())
    return next((name for word, name in _KINDS.items() if word in command), "samrun and functions")
