"""`python -m tools.demo`: place the sample orders on a stack of its own, wait for their mails, and show both."""

import argparse
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

from samrun import (
    FREE_PORTS,
    UserError,
    run_stack,
    run_until_signal,
    stack_settings,
    standard_terminal,
    try_it_token,
)
from tools.table import table

SAMPLES = Path("events/api")
DATA = Path(".local")
INTERRUPTED = 130
PATIENCE = 30.0


class DemoError(UserError):
    """An order was refused, or its mail did not come."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Running stack, and a row for each order with a mail: order, customer, total, address, subject."""

    console: str
    rows: Sequence[tuple[str, ...]]


@contextlib.asynccontextmanager
async def running_demo(samples: Sequence[Path], *, one_by_one: bool = False) -> AsyncIterator[Demo]:
    """Start a stack and place the order of each sample event; yield when all mails have come.

    With `one_by_one`, each order waits for the mail of the one before. Raises DemoError.
    """
    with _folder() as folder:
        # Free ports and a new data folder, so that another running stack is not disturbed.
        settings = stack_settings(data=folder, ports=FREE_PORTS, use_current_env=True)
        async with (
            run_stack(settings, standard_terminal(folder / "logs")) as stack,
            httpx.AsyncClient(trust_env=False) as client,  # no proxy leads to this machine
        ):
            [api] = stack.application.apis
            token = try_it_token(api, stack.issuer) or ""
            placed = []
            for sample in samples:
                placed.append(await _place(client, stack.endpoints.api or "", sample, token))
                if one_by_one:
                    await _row(client, stack.endpoints.console, placed[-1])
            rows = [await _row(client, stack.endpoints.console, order) for order in placed]
            yield Demo(console=stack.endpoints.console, rows=rows)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Yield a folder for this run. After a failed run the folder stays, since the errors name the logs in it."""
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
    # The sample's host is that of an API in AWS; this machine's ports refuse other names than their own.
    of_sample = {name: value for name, value in event["headers"].items() if name != "host"}
    headers = of_sample | {"authorization": f"Bearer {token}"}
    answer = await client.request(http["method"], api + event["rawPath"], headers=headers, content=event["body"])
    if answer.status_code != httpx.codes.CREATED:
        raise DemoError(f"{sample}: the order was answered with {answer.status_code}: {answer.text}")
    order: Mapping[str, Any] = answer.json()
    return order


async def _row(client: httpx.AsyncClient, console: str, order: Mapping[str, Any]) -> tuple[str, ...]:
    """Wait for the mail about an order, and return the table's row about both. Raises DemoError."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = (await client.get(f"{console}/api/v1/search", params={"query": order["order_number"]})).json()
        for mail in found["messages"]:
            total = f"{order['total']} {order['currency']}"
            return order["order_number"], order["customer"]["name"], total, mail["To"][0]["Address"], mail["Subject"]
        await asyncio.sleep(0.05)
    raise DemoError(f"No mail for {order['order_id']} came within {PATIENCE:.0f} s; the lines above say what happened.")


async def _show(samples: Sequence[Path], *, leave_up: bool) -> None:
    async with running_demo(samples) as shown:
        if leave_up:
            _print_table(shown.rows)
            print(f"The stack goes on until Ctrl-C. Its inbox: {shown.console}", flush=True)
            await asyncio.Event().wait()
    # Now that the stack has ended, no line of its log follows: a mail can be there before notify logs it.
    _print_table(shown.rows)


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    print("\n" + table([("ORDER", "CUSTOMER", "TOTAL", "MAIL TO", "SUBJECT"), *rows]) + "\n")


def main() -> int:
    """Run the demo; return the exit status."""
    parser = argparse.ArgumentParser(
        description="Places the sample orders on a stack of its own, and shows their mails."
    )
    parser.add_argument("--leave-up", action="store_true", help="let the stack run until Ctrl-C")
    options = parser.parse_args()
    samples = sorted(SAMPLES.glob("create-order-*.json"))
    return run_until_signal(_show(samples, leave_up=options.leave_up), interrupted=INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
