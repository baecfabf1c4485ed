"""Pair of Node.js processes, an HTTP handler and a consumer, on the services of a stack that runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kafka import KafkaAdminClient

from samrun.testing.aws import CREDENTIALS, REGION, client

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PEERS = Path(__file__).parent
PARTITIONS = 3  # as many as a topic of a stack has


class NodeMissingError(Exception):
    """There is no Node.js, or its packages are not installed. The message says what to do."""


class PairEndedError(Exception):
    """A process of a pair ended before it was ready. The message has what it wrote."""


@dataclass(frozen=True, kw_only=True)
class NodePair:
    """A pair that runs. It takes orders at `url`. The names of its tables begin with that of its `topic`."""

    url: str
    topic: str
    api_pid: int
    consumer_pid: int


def new_order(reference: str) -> dict[str, Any]:
    """Return the body of a POST; the mail goes to <reference>@example.com."""
    return {
        "customer": {"id": "cus_ada", "name": "Ada Lovelace", "email": f"{reference}@example.com"},
        "items": [{"sku": "BOOK-1", "name": "Notes on the Engine", "quantity": 2, "unit_price": "12.50"}],
        "currency": "EUR",
        "payment": {"reference": reference},
    }


@contextlib.contextmanager
def running_pair(name: Literal["plain", "storing"], endpoints: Mapping[str, str], folder: Path) -> Iterator[NodePair]:
    """Run the pair benchmarks/peers/<name> with a topic and tables of its own; its errors go to files in `folder`.

    `endpoints` are the addresses of Kafka, DynamoDB and AWS. Raises NodeMissingError and PairEndedError.
    """
    node = shutil.which("node")
    if node is None or not (PEERS / "node_modules/kafkajs").exists():
        raise NodeMissingError("Install Node.js and npm, then run make benchmarks/peers/node_modules/installed.")
    topic = f"{name}-{uuid.uuid4().hex[:8]}"
    _create_topic(endpoints["kafka"], topic)
    environment = {
        "PATH": os.environ["PATH"],
        **CREDENTIALS,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": endpoints["dynamodb"],
        "AWS_ENDPOINT_URL_SESV2": endpoints["aws"],
        "KAFKA_BOOTSTRAP_SERVERS": endpoints["kafka"],
        "KAFKAJS_NO_PARTITIONER_WARNING": "1",
        "TOPIC": topic,
    }
    if name == "storing":
        environment |= {"ORDERS_TABLE": f"{topic}-orders", "NOTIFICATIONS_TABLE": f"{topic}-notifications"}
        _create_tables(endpoints["dynamodb"], [environment["ORDERS_TABLE"], environment["NOTIFICATIONS_TABLE"]])
    with contextlib.ExitStack() as processes:
        consumer, _ = processes.enter_context(
            _node_program([node, str(PEERS / name / "consumer.mjs")], environment, folder / f"{name}-consumer.log")
        )
        api, url = processes.enter_context(
            _node_program([node, str(PEERS / name / "api.mjs")], environment, folder / f"{name}-api.log")
        )
        yield NodePair(url=url, topic=topic, api_pid=api, consumer_pid=consumer)


@contextlib.contextmanager
def _node_program(command: Sequence[str], environment: Mapping[str, str], errors: Path) -> Iterator[tuple[int, str]]:
    """Run a program until the context is left; give its process id and its first line, which says that it is ready."""
    with (
        errors.open("wb") as stderr,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True) as process,
    ):
        try:
            line = (process.stdout.readline() if process.stdout else "").strip()
            if not line:
                raise PairEndedError(f"{' '.join(command)} ended: {errors.read_text()}")
            yield process.pid, line
        finally:
            process.kill()


def _create_topic(bootstrap: str, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics({topic: {"num_partitions": PARTITIONS, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()


def _create_tables(endpoint: str, tables: list[str]) -> None:
    with contextlib.closing(client("dynamodb", endpoint)) as dynamodb:
        for table in tables:
            dynamodb.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
            )
