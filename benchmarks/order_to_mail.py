"""Benchmark of the time from the POST of an order to its answer and to its mail, on a stack of its own.

The same run also measures the bare work: one conditional PutItem and one acknowledged produce, by this process over
warm clients. The ratio of the two shows the cost of HTTP, Lambda's runtime and the function's own checks. It differs
less between machines than the milliseconds do.

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
from kafka import KafkaAdminClient, KafkaProducer

from samrun import FREE_PORTS, Endpoints, Stack, Terminal, run_stack, stack_settings, try_it_token

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
    settings = stack_settings(data=DATA, ports=FREE_PORTS, use_current_env=True)
    DATA.mkdir(parents=True)
    with (DATA / "terminal.log").open("w") as log:
        terminal = Terminal(log, DATA / "logs")
        # The first start makes the data folder; the second is what a developer waits for every day.
        async with run_stack(settings, terminal):
            pass
        started = time.perf_counter()
        async with run_stack(settings, terminal) as stack:
            until_ready = (time.perf_counter() - started) * 1000
            answered, mailed = await _orders(stack, number)
            bare = await asyncio.to_thread(_bare, stack.endpoints, number)
    return {"ready": [until_ready], "answered": answered, "mailed": mailed, "bare": bare}


async def _orders(stack: Stack, number: int) -> tuple[list[float], list[float]]:
    """Place orders one after another; return how long each took to its answer and to its mail."""
    [api] = stack.application.apis
    headers = {"authorization": f"Bearer {try_it_token(api, stack.issuer)}"}
    sent: dict[str, float] = {}
    answered: list[float] = []
    async with httpx.AsyncClient() as client:
        for index in range(WARM_UP + number):
            reference = f"pay-{index}"
            sent[f"{reference}@example.com"] = time.time()
            started = time.perf_counter()
            answer = await client.post(f"{stack.endpoints.api}/orders", json=_order(reference), headers=headers)
            answered.append((time.perf_counter() - started) * 1000)
            answer.raise_for_status()
            # A customer at a time: what is measured is how long one waits, not how many can queue.
            await asyncio.sleep(0.03)
        mails = await _mails(client, stack.endpoints.console, len(sent))
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
    admin = KafkaAdminClient(bootstrap_servers=endpoints.kafka)
    admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()
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
