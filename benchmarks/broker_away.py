"""Benchmark of the time from an order to its answer while Kafka runs, is stopped and is frozen.

It starts a stack and a broker of its own, and eight customers order at once. It also prints how many orders waited for
Kafka: after a failure of Kafka, an environment publishes nothing for a while and leaves that to the relay.

    python -m benchmarks.broker_away [number of orders]
"""

import asyncio
import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from functions.order.producer.kafka_publisher import PAUSE_AFTER_FAILURE
from samrun import FREE_PORTS, Stack, Terminal, run_stack, stack_settings, try_it_token
from samrun.testing.broker import Broker

DATA = Path(".local/benchmark")
CUSTOMERS = 8
WARM_UP = 100
_PAUSED = "Kafka failed less than"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Milliseconds from POST to 201, and how many of the orders waited for Kafka in vain."""

    milliseconds: Sequence[float]
    waited: int


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A stack, and its customers."""

    stack: Stack
    client: httpx.AsyncClient

    async def sell(self, name: str, number: int) -> Figures:
        """Place so many orders, by all customers at once."""
        waited_before = _waited()
        references = iter([f"{name}-{index}" for index in range(number)])
        took: list[float] = []

        async def customer() -> None:
            for reference in references:
                started = time.perf_counter()
                answer = await self.client.post(f"{self.stack.endpoints.api}/orders", json=_order(reference))
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
    log = DATA / "logs" / "functions" / "OrderFunction.log"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    deferred = [json.loads(line) for line in lines if '"message":"event deferred"' in line]
    return sum(_PAUSED not in entry["reason"] for entry in deferred)


async def measure(number: int) -> dict[str, Figures]:
    """Return figures by how the broker was."""
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir(parents=True)
    # One thread starts and stops the broker, whose process would end with the thread that started it.
    with ThreadPoolExecutor(1) as thread:
        broker = thread.submit(Broker, DATA / "broker").result()
        settings = replace(stack_settings(data=DATA, ports=FREE_PORTS, use_current_env=True), kafka=broker.bootstrap)
        try:
            with (DATA / "terminal.log").open("w") as log:
                async with run_stack(settings, Terminal(log, DATA / "logs")) as stack:
                    [api] = stack.application.apis
                    headers = {"authorization": f"Bearer {try_it_token(api, stack.issuer)}"}
                    async with httpx.AsyncClient(headers=headers, timeout=30) as client:
                        return await _all(Shop(stack=stack, client=client), broker, thread, number)
        finally:
            thread.submit(broker.close).result()


async def _all(shop: Shop, broker: Broker, thread: ThreadPoolExecutor, number: int) -> dict[str, Figures]:
    async def do(action: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(thread, action)

    await shop.sell("warm-up", WARM_UP)
    figures = {"there": await shop.sell("there", number)}
    await do(broker.stop)
    figures["stopped"] = await shop.sell("stopped", number)
    await do(broker.start)
    await shop.recover("stopped")
    await do(broker.freeze)
    figures["frozen"] = await shop.sell("frozen", number)
    await do(broker.thaw)
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
