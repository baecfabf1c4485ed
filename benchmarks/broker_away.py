"""How long an order takes to its answer while Kafka is there, stopped and frozen, on a stack and broker of its own.

All in one run, by eight customers at once. Beside the milliseconds stands how many orders waited for Kafka at all:
once it has failed, an environment publishes nothing for a while and leaves that to the relay.

    python -m benchmarks.broker_away [number of orders]
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from functions.order.publisher import PAUSE_AFTER_FAILURE
from local import java, kafka, ports, settings
from local.ports import LOOPBACK
from local.process import Process
from local.stack import Stack, stack
from local.terminal import Terminal
from local.tokens import try_it_token

DATA = Path(".local/benchmark")
CUSTOMERS = 8
WARM_UP = 100
_PAUSED = "Kafka failed less than"


@dataclass(kw_only=True)
class Broker:
    """A broker that can be taken away; it keeps its ports and its data."""

    port: int
    controller_port: int
    process: Process | None = None

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    async def start(self) -> None:
        """Start it, and wait until it takes records."""
        class_paths = await java.class_paths(
            [kafka.PROGRAM], remembered=Path(sys.prefix, "java-programs.json"), progress=print
        )
        self.process = await kafka.start(
            port=self.port,
            controller_port=self.controller_port,
            class_path=class_paths[kafka.PROGRAM],
            data=DATA / "kafka",
            logs=DATA / "logs",
        )
        await kafka.ready(self.bootstrap)

    async def stop(self) -> None:
        """End it, frozen or not."""
        self._signal(signal.SIGCONT)
        if self.process:
            await self.process.stop()
            self.process = None

    @contextlib.asynccontextmanager
    async def stopped(self) -> AsyncIterator[None]:
        """Have it stopped for the context."""
        await self.stop()
        yield
        await self.start()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Have it frozen for the context: its connections stay, and nothing is answered."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self.process:
            os.kill(self.process.pid, number)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Milliseconds from POST to 201, and how many of the orders waited for Kafka in vain."""

    milliseconds: Sequence[float]
    waited: int


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A stack, and its customers."""

    running: Stack
    client: httpx.AsyncClient

    async def sell(self, name: str, number: int) -> Figures:
        """Have so many orders placed, by all customers at once."""
        waited_before = _waited()
        references = iter([f"{name}-{index}" for index in range(number)])
        took: list[float] = []

        async def customer() -> None:
            for reference in references:
                started = time.perf_counter()
                answer = await self.client.post(f"{self.running.endpoints.api}/orders", json=_order(reference))
                took.append((time.perf_counter() - started) * 1000)
                answer.raise_for_status()

        await asyncio.gather(*(customer() for _ in range(CUSTOMERS)))
        return Figures(milliseconds=took, waited=_waited() - waited_before)

    async def recover(self, name: str) -> None:
        """Wait out the pauses of all environments, and have each connect again."""
        await asyncio.sleep(PAUSE_AFTER_FAILURE)
        await self.sell(f"{name}-warm-up", WARM_UP)


def _order(reference: str) -> dict[str, object]:
    return {
        "customer": {"id": "cus_ada", "name": "Ada Lovelace", "email": f"{reference}@example.com"},
        "items": [{"sku": "BOOK-1", "name": "Notes on the Engine", "quantity": 2, "unit_price": "12.50"}],
        "currency": "EUR",
        "payment": {"reference": reference},
    }


def _waited() -> int:
    """Count the orders whose event was tried and not acknowledged, by the order function's log."""
    log = DATA / "logs" / "OrderFunction.log"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    deferred = [json.loads(line) for line in lines if '"message":"event deferred"' in line]
    return sum(_PAUSED not in entry["reason"] for entry in deferred)


async def measure(number: int) -> dict[str, Figures]:
    """Return figures by how the broker was."""
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir(parents=True)
    broker = Broker(port=ports.claim("kafka", 0), controller_port=ports.claim("controller", 0))
    await broker.start()
    arguments = ["--data", str(DATA), *(word for name in settings.PORTS for word in (f"--{name}-port", "0"))]
    attached = replace(settings.read(arguments), kafka=broker.bootstrap)
    try:
        with (DATA / "terminal.log").open("w") as log:
            async with stack(attached, Terminal(log, DATA / "logs")) as running:
                [api] = running.application.apis
                headers = {"authorization": f"Bearer {try_it_token(api, running.issuer)}"}
                async with httpx.AsyncClient(headers=headers, timeout=30) as client:
                    return await _all(Shop(running=running, client=client), broker, number)
    finally:
        await broker.stop()


async def _all(shop: Shop, broker: Broker, number: int) -> dict[str, Figures]:
    await shop.sell("warm-up", WARM_UP)
    figures = {"there": await shop.sell("there", number)}
    async with broker.stopped():
        figures["stopped"] = await shop.sell("stopped", number)
    await shop.recover("stopped")
    with broker.frozen():
        figures["frozen"] = await shop.sell("frozen", number)
    await shop.recover("frozen")
    figures["there again"] = await shop.sell("again", number)
    return figures


def _row(name: str, figures: Figures) -> str:
    ordered = sorted(figures.milliseconds)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return (
        f"{name:<14} p50 {statistics.median(ordered):7.1f} ms   p99 {p99:7.1f} ms   max {ordered[-1]:7.1f} ms"
        f"   waited in vain {figures.waited:3}"
    )


def main() -> None:
    """Measure and print."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(f"POST to 201, {number} orders by {CUSTOMERS} customers at once, by how the broker was")
    for name, figures in asyncio.run(measure(number)).items():
        print(_row(name, figures))


if __name__ == "__main__":
    main()
