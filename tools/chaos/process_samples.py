"""Samples of the stack's processes while it is under load: memory, open handles and threads."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread

import psutil

from tools.chaos.components import Components

_HANDLERS = "functions."


@dataclass(frozen=True, kw_only=True)
class ProcessSample:
    """Sample of a process: what it held at `at`, in minutes since the beginning. `rss` is in MB."""

    at: float
    process: str
    rss: float
    handles: float
    threads: float


@contextmanager
def sampling(components: Components, samples: list[ProcessSample], *, pause: float) -> Iterator[None]:
    """Sample every process each `pause` seconds, until the context ends."""
    stopping, began = Event(), time.monotonic()

    def sample() -> None:
        while not stopping.wait(pause):
            samples.extend(take_samples(components, at=(time.monotonic() - began) / 60))

    thread = Thread(target=sample, name="samples")
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def take_samples(components: Components, *, at: float) -> Iterator[ProcessSample]:
    """Sample each process that this one has started, in any generation."""
    names = {
        components.broker.service.pid: "Kafka",
        components.database.service.pid: "DynamoDB Local",
        components.local_aws.service.pid: "moto",
        components.stack.stack.process.pid: "samrun up",
    }
    for process in psutil.Process(os.getpid()).children(recursive=True):
        with suppress(psutil.NoSuchProcess), process.oneshot():
            name = names.get(process.pid) or _name(process.cmdline())
            yield ProcessSample(
                at=at,
                process=f"{name} ({process.pid})",
                rss=process.memory_info().rss / 2**20,
                handles=process.num_fds(),
                threads=process.num_threads(),
            )


def _name(command: list[str]) -> str:
    handlers = [word for word in command if word.startswith(_HANDLERS)]
    return handlers[0] if handlers else " ".join(os.path.basename(word) for word in command[:3])[:40]  # noqa: PTH119
