"""Benchmark of the warm order function, against what an order is made of, by hand: put, produce, mark.

Both write to the same table of DynamoDB Local with the function's configuration of the client, and to the same topic of
a real broker with acks=all; the item, the event and the mark are those of the function. They take turns, order by
order, in one process. Each sample is the ratio of the medians of a round.
"""

import contextlib
import importlib
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import boto3
from kafka import KafkaProducer

from benchmarks.row import Row
from benchmarks.stopwatch import Spent
from samrun import CREDENTIALS
from samrun.testing.broker import Broker
from samrun.testing.dynamodb import Database
from tests.lambda_context import FakeContext
from tests.system.killable_functions import application, to_place

ORDERS = 100  # of a round
AIM = 1.15
CAUSE = (
    "what stands between the waits is Powertools' resolver with validation, the check of the body, the log and the "
    "metrics. Tried: the checks of parameters and the user agent of botocore are off. A router by hand would save "
    "more, and the document of the API would have to be written by hand, too."
)

Work = Callable[[], object]


def measure_warm_order(*, rounds: int) -> list[Row]:
    """Measure so many rounds of ORDERS orders each."""
    with _parts() as (handler, bare, undressed):
        for work in (handler, bare, undressed) * 30:
            work()
        clocks: list[tuple[float, float, float]] = []
        processors: list[tuple[float, float]] = []
        for _ in range(rounds):
            taken = [[_spent(work) for work in (handler, bare, undressed)] for _ in range(ORDERS)]
            first, second, third = (median(each[column].clock for each in taken) for column in range(3))
            clocks.append((first, second, third))
            used = [sum(each[column].processor for each in taken) / ORDERS for column in range(2)]
            processors.append((used[0], used[1]))
    ours, by_hand = median(each[0] for each in clocks) * 1000, median(each[1] for each in clocks) * 1000
    usual = median(each[2] for each in clocks) * 1000
    ours_used, by_hand_used = (median(each[column] for each in processors) * 1000 for column in range(2))
    return [
        Row(
            work="order handler, warm",
            compared_with="put + produce + mark by boto3's and kafka-python's defaults",
            samples=[first / third for first, _, third in clocks],
            unit="x",
            aim=AIM,
            cause=CAUSE,
            detail=f"{ours:.1f} ms against {usual:.1f} ms",
        ),
        Row(
            work="order handler, warm, the same clients",
            compared_with="put + produce + mark by clients with the function's own configuration",
            samples=[first / second for first, second, _ in clocks],
            unit="x",
            aim=AIM,
            cause=CAUSE,
            detail=f"{ours:.1f} ms against {by_hand:.1f} ms; processor {ours_used:.1f} against {by_hand_used:.1f} ms",
        ),
    ]


def _spent(work: Work) -> Spent:
    before = Spent.by_this_process()
    work()
    return Spent.by_this_process() - before


@contextlib.contextmanager
def _parts() -> Iterator[tuple[Work, Work, Work]]:
    """Run broker and database, and yield: an order by the function, by hand with its clients, by hand with defaults."""
    with (
        tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").exists() else None) as folder,  # noqa: S108
        Database(Path(folder) / "database") as database,
        Broker(Path(folder) / "broker") as broker,
    ):
        broker.create_topic("order-events", partitions=3)
        template = application(kafka=broker.bootstrap, dynamodb=database.url)
        database.create_tables(template)
        [function] = [each for each in template.functions if each.name == "OrderFunction"]
        os.environ |= {
            **function.environment,
            **CREDENTIALS,
            "AWS_ENDPOINT_URL_DYNAMODB": database.url,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        app = importlib.import_module("functions.order.handlers.api")
        producer = KafkaProducer(bootstrap_servers=broker.bootstrap, acks="all", enable_idempotence=True)
        own, usual = app.bootstrap.dynamodb(), boto3.client("dynamodb")
        yield _by_function(app), _by_hand(app, own, producer), _by_hand(app, usual, producer)
        producer.close()


def _by_function(app: Any) -> Work:
    numbers = itertools.count()

    def place() -> None:
        answer = app.handler(to_place(f"pay_function_{next(numbers)}"), FakeContext("order", remaining_ms=60_000))
        if answer["statusCode"] != 201:
            raise RuntimeError(f"the order was not placed: {answer}")

    return place


def _by_hand(app: Any, dynamodb: Any, producer: KafkaProducer) -> Work:
    from functions.order.domain.events import event_of
    from functions.order.storage.order_item import item_of
    from tests.order.orders import order_of

    numbers = itertools.count()
    kind = id(dynamodb)

    def place() -> None:
        order = order_of(f"pay_by_hand_{kind}_{next(numbers)}")
        dynamodb.put_item(
            TableName=app.settings.table,
            Item=item_of(order),
            ConditionExpression="attribute_not_exists(order_id)",
        )
        record = event_of(order, order.pending[0])
        producer.send("order-events", key=record.key.encode(), value=record.value, headers=list(record.headers)).get(
            timeout=10
        )
        dynamodb.update_item(
            TableName=app.settings.table,
            Key={"order_id": {"S": order.order_id}},
            UpdateExpression="SET pending = :left REMOVE pending_shard, pending_since",
            ConditionExpression="pending = :read",
            ExpressionAttributeValues={":left": {"L": []}, ":read": {"L": [{"S": each} for each in order.pending]}},
        )

    return place
