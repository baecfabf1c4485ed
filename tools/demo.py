"""`python -m tools.demo`: place the sample orders on a stack of its own, wait for their mails, and show both."""

import asyncio
import contextlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local import settings
from local.errors import PlainError
from local.running import run
from local.stack import stack
from local.terminal import standard
from local.tokens import try_it_token
from tools.table import table

SAMPLES = Path("events/api")
DATA = Path(".local")
INTERRUPTED = 130
PATIENCE = 30.0


class DemoError(PlainError):
    """An order was refused, or its mail did not come."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A stack that runs, and a row for each order that became a mail: order, customer, total, address, subject."""

    console: str
    rows: Sequence[tuple[str, ...]]


@contextlib.asynccontextmanager
async def running_demo(samples: Sequence[Path], *, one_by_one: bool = False) -> AsyncIterator[Demo]:
    """Start a stack and place the order of each sample event; yield when all mails have come.

    With `one_by_one`, each order waits for the mail of the one before. Raises DemoError.
    """
    with _folder() as folder:
        # On free ports and on data of its own: a stack that runs already keeps both.
        arguments = ["--data", str(folder), *(word for name in settings.PORTS for word in (f"--{name}-port", "0"))]
        async with (
            stack(settings.read(arguments), standard(folder / "logs")) as running,
            httpx.AsyncClient(trust_env=False) as client,  # no proxy leads to this machine
        ):
            [api] = running.application.apis
            token = try_it_token(api, running.issuer) or ""
            placed = []
            for sample in samples:
                placed.append(await _place(client, running.endpoints.api or "", sample, token))
                if one_by_one:
                    await _row(client, running.endpoints.console, placed[-1])
            rows = [await _row(client, running.endpoints.console, order) for order in placed]
            yield Demo(console=running.endpoints.console, rows=rows)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder for this run alone; of a run that failed it stays, since the errors name the logs in it."""
    DATA.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir=DATA))
    try:
        yield folder
    except asyncio.CancelledError:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)


async def _place(client: httpx.AsyncClient, api: str, sample: Path, token: str) -> Mapping[str, Any]:
    event = json.loads(sample.read_text())
    http = event["requestContext"]["http"]
    headers = event["headers"] | {"authorization": f"Bearer {token}"}
    answer = await client.request(http["method"], api + event["rawPath"], headers=headers, content=event["body"])
    if answer.status_code != httpx.codes.CREATED:
        raise DemoError(f"{sample}: the order was answered with {answer.status_code}: {answer.text}")
    order: Mapping[str, Any] = answer.json()
    return order


async def _row(client: httpx.AsyncClient, console: str, order: Mapping[str, Any]) -> tuple[str, ...]:
    """Wait for the mail about an order, and return what there is to show of both."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = (await client.get(f"{console}/api/v1/search", params={"query": order["order_id"]})).json()
        for mail in found["messages"]:
            total = f"{order['total']} {order['currency']}"
            return order["order_id"], order["customer"]["name"], total, mail["To"][0]["Address"], mail["Subject"]
        await asyncio.sleep(0.05)
    raise DemoError(f"No mail for {order['order_id']} came within {PATIENCE:.0f} s; the lines above say what happened.")


async def _show(samples: Sequence[Path]) -> None:
    async with running_demo(samples) as shown:
        print("\n" + table([("ORDER", "CUSTOMER", "TOTAL", "MAIL TO", "SUBJECT"), *shown.rows]) + "\n")


def main() -> int:
    """Run the demo; return the exit status."""
    samples = sorted(SAMPLES.glob("create-order-*.json"))
    return run(_show(samples), interrupted=INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
