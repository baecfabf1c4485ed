"""How long an order takes, from the POST to the answer and to the mail in the inbox, on a stack of its own.

Beside it, in the same run, the same work with nothing around it: one conditional PutItem and one acknowledged
produce, made by this process over clients that are warm. The ratio of the two says what HTTP, Lambda's runtime and
the function's own checks cost; it holds on other machines better than the milliseconds do.

    python -m benchmarks.order_to_mail [number of orders]
"""

import asyncio
import shutil
import statistics
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import httpx
from kafka import KafkaProducer

from local import settings
from local.endpoints import Endpoints
from local.kafka import create_topics
from local.stack import Stack, stack
from local.terminal import Terminal
from local.tokens import try_it_token

DATA = Path(".local/benchmark")
WARM_UP = 20


def _order(reference: str) -> dict[str, Any]:
    return {
        "customer": {"id": "cus_ada", "name": "Ada Lovelace", "email": f"{reference}@example.com"},
        "items": [{"sku": "BOOK-1", "name": "Notes on the Engine", "quantity": 2, "unit_price": "12.50"}],
        "currency": "EUR",
        "payment": {"reference": reference},
    }


async def measure(number: int) -> Mapping[str, Sequence[float]]:
    """Return milliseconds by what was measured; `ready` has one figure."""
    shutil.rmtree(DATA, ignore_errors=True)
    arguments = ["--data", str(DATA), *(word for name in settings.PORTS for word in (f"--{name}-port", "0"))]
    DATA.mkdir(parents=True)
    with (DATA / "terminal.log").open("w") as log:
        terminal = Terminal(log, DATA / "logs")
        # The first start makes the data folder; the second is what a developer waits for every day.
        async with stack(settings.read(arguments), terminal):
            pass
        started = time.perf_counter()
        async with stack(settings.read(arguments), terminal) as running:
            ready = (time.perf_counter() - started) * 1000
            answered, mailed = await _orders(running, number)
            bare = await asyncio.to_thread(_bare, running.endpoints, number)
    return {"ready": [ready], "answered": answered, "mailed": mailed, "bare": bare}


async def _orders(running: Stack, number: int) -> tuple[list[float], list[float]]:
    """Place orders one after another; return how long each took to its answer and to its mail."""
    [api] = running.application.apis
    headers = {"authorization": f"Bearer {try_it_token(api, running.issuer)}"}
    sent: dict[str, float] = {}
    answered: list[float] = []
    async with httpx.AsyncClient() as client:
        for index in range(WARM_UP + number):
            reference = f"pay-{index}"
            sent[f"{reference}@example.com"] = time.time()
            started = time.perf_counter()
            answer = await client.post(f"{running.endpoints.api}/orders", json=_order(reference), headers=headers)
            answered.append((time.perf_counter() - started) * 1000)
            answer.raise_for_status()
            # A customer at a time: what is measured is how long one waits, not how many can queue.
            await asyncio.sleep(0.03)
        mails = await _mails(client, running.endpoints.console, len(sent))
    mailed = [
        (datetime.fromisoformat(mail["Created"]).timestamp() - sent[mail["To"][0]["Address"]]) * 1000
        for mail in mails
        if mail["To"][0]["Address"] in list(sent)[WARM_UP:]
    ]
    return answered[WARM_UP:], mailed


async def _mails(client: httpx.AsyncClient, console: str, number: int) -> list[dict[str, Any]]:
    for _ in range(600):
        answer = (await client.get(f"{console}/api/v1/messages", params={"limit": number})).json()
        if answer["total"] >= number:
            mails: list[dict[str, Any]] = answer["messages"]
            return mails
        await asyncio.sleep(0.1)
    raise TimeoutError(f"{answer['total']} of {number} mails came within a minute")


def _bare(endpoints: Endpoints, number: int) -> list[float]:
    """Do what an order is made of, with nothing around it."""
    dynamodb = boto3.client(
        "dynamodb",
        endpoint_url=endpoints.dynamodb,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    producer = KafkaProducer(bootstrap_servers=endpoints.kafka, acks="all", enable_idempotence=True)
    topic = f"benchmark-{uuid.uuid4().hex}"
    create_topics(endpoints.kafka, [topic], partitions=1)
    took = []
    for index in range(WARM_UP + number):
        started = time.perf_counter()
        dynamodb.put_item(
            TableName="OrdersTable",
            Item={"order_id": {"S": f"bare-{index}"}, "order": {"S": "x" * 500}},
            ConditionExpression="attribute_not_exists(order_id)",
        )
        producer.send(topic, key=b"bare", value=b"x" * 500).get(timeout=10)
        took.append((time.perf_counter() - started) * 1000)
    producer.close()
    return took[WARM_UP:]


def _row(name: str, milliseconds: Sequence[float]) -> str:
    ordered = sorted(milliseconds)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return f"{name:<34} p50 {statistics.median(ordered):7.1f} ms   p99 {p99:7.1f} ms   max {ordered[-1]:7.1f} ms"


def main() -> None:
    """Measure and print."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    figures = asyncio.run(measure(number))
    answered, bare = statistics.median(figures["answered"]), statistics.median(figures["bare"])
    print(f"{number} orders, one after another")
    print(f"{'ready, second start':<34} {figures['ready'][0] / 1000:.1f} s")
    print(_row("POST to 201", figures["answered"]))
    print(_row("POST to the mail in the inbox", figures["mailed"]))
    print(_row("bare PutItem and produce", figures["bare"]))
    print(f"{'POST to 201 / bare, p50':<34} {answered / bare:.1f}")


if __name__ == "__main__":
    main()
