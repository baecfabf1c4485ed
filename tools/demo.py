"""`python -m tools.demo`: place the sample orders on a stack of its own, wait for their mails, and show both."""

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local import settings
from local.stack import stack
from local.terminal import standard

SAMPLES = Path("events/api")
DATA = Path(".local/demo")
PATIENCE = 30.0


class DemoError(Exception):
    """An order was refused, or its mail did not come."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """An order that was answered with 201, and when, by the clock of `time.monotonic`."""

    order: Mapping[str, Any]
    at: float


async def demo(samples: Sequence[Path]) -> list[tuple[str, ...]]:
    """Place the order of each sample event; return a row for each: order, customer, total, mail, milliseconds.

    Raises DemoError.
    """
    # A stack that runs already keeps its ports and its data.
    shutil.rmtree(DATA, ignore_errors=True)
    arguments = ["--data", str(DATA), *(word for name in settings.PORTS for word in (f"--{name}-port", "0"))]
    async with (
        stack(settings.read(arguments), standard(DATA / "logs")) as running,
        httpx.AsyncClient() as client,
    ):
        placed = [await _place(client, running.endpoints.api or "", sample) for sample in samples]
        return [await _row(client, running.endpoints.console, each) for each in placed]


async def _place(client: httpx.AsyncClient, api: str, sample: Path) -> Placed:
    event = json.loads(sample.read_text())
    http = event["requestContext"]["http"]
    at = time.monotonic()
    answer = await client.request(
        http["method"], api + event["rawPath"], headers=event["headers"], content=event["body"]
    )
    if answer.status_code != httpx.codes.CREATED:
        raise DemoError(f"{sample}: the order was answered with {answer.status_code}: {answer.text}")
    return Placed(order=answer.json(), at=at)


async def _row(client: httpx.AsyncClient, console: str, placed: Placed) -> tuple[str, ...]:
    order = placed.order
    while time.monotonic() < placed.at + PATIENCE:
        found = (await client.get(f"{console}/api/v1/search", params={"query": order["order_id"]})).json()
        for mail in found["messages"]:
            return (
                order["order_id"],
                order["customer"]["name"],
                f"{order['total']} {order['currency']}",
                mail["To"][0]["Address"],
                mail["Subject"],
            )
        await asyncio.sleep(0.05)
    raise DemoError(f"No mail for {order['order_id']} came within {PATIENCE:.0f} s; the lines above say what happened.")


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def main() -> int:
    """Run the demo; return the exit status."""
    samples = sorted(SAMPLES.glob("create-order-*.json"))
    try:
        rows = asyncio.run(demo(samples))
    except* DemoError as errors:
        reasons = [str(error) for error in errors.exceptions]
    else:
        print("\n" + table([("ORDER", "CUSTOMER", "TOTAL", "MAIL TO", "SUBJECT"), *rows]))
        return 0
    print("\n" + "\n".join(reasons), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
