"""Benchmark of growth: an order takes as long in a large table and on many partitions as in a small one and on one.

Both sizes exist at the same time and take turns, so each sample is the ratio of two medians of one round. Larger tables
take longer to fill than `make bench` has:

    python -m benchmarks.growth [orders of the large table]
"""

import itertools
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from statistics import median

from kafka import KafkaProducer

from benchmarks.memory_folder import memory_folder
from benchmarks.row import Row
from benchmarks.rows_table import rows_text
from functions.order.domain.events import event_of
from functions.order.storage.order_item import item_of
from functions.order.storage.queries import OrderQueries
from functions.order.storage.store import OrderStore
from samrun.testing.aws import client
from samrun.testing.broker import Broker
from samrun.testing.dynamodb import Database
from tests.order.orders import order_of
from tests.system.killable_functions import application

FLAT = 1.2
SMALL, LARGE = 1_000, 10_000
PARTITIONS = 12
CALLS = 40  # of each, in a round
TABLE = "OrdersTable"
_BATCH = 25  # as many items as DynamoDB takes in one call

Work = Callable[[], object]


def measure_growth(*, rounds: int, large: int = LARGE) -> list[Row]:
    """Measure so many rounds against a table with so many orders, and against topics of 1 and 12 partitions."""
    with memory_folder() as place:
        with Database(place / "small") as first, Database(place / "large") as second:
            pairs = [_tables(first, SMALL), _tables(second, large)]
            placing = _ratios([each[0] for each in pairs], rounds)
            listing = _ratios([each[1] for each in pairs], rounds)
        with Broker(place / "broker") as broker:
            producer = KafkaProducer(bootstrap_servers=broker.bootstrap, acks="all", enable_idempotence=True)
            producing = _ratios([_producing(broker, producer, partitions) for partitions in (1, PARTITIONS)], rounds)
            producer.close()
    cause = "the index has more to go through: DynamoDB Local keeps it in SQLite, and DynamoDB in partitions."
    sizes = f"with {SMALL:,} orders"
    return [
        _flat(f"an order is stored, with {large:,} orders", sizes, placing, cause),
        _flat(f"a page by status, with {large:,} orders", sizes, listing, cause),
        _flat(
            f"an event is produced, {PARTITIONS} partitions",
            "1 partition",
            producing,
            "more batches for the same events.",
        ),
    ]


def _flat(work: str, compared_with: str, samples: Sequence[tuple[float, float]], cause: str) -> Row:
    small, large = (median(each[column] for each in samples) * 1000 for column in range(2))
    return Row(
        work=f"growth: {work}",
        compared_with=compared_with,
        samples=[after / before for before, after in samples],
        unit="x",
        aim=FLAT,
        cause=cause,
        detail=f"{large:.1f} ms against {small:.1f} ms",
    )


def _ratios(works: Sequence[Work], rounds: int) -> list[tuple[float, float]]:
    """Return the median seconds of both works in each round; they take turns."""
    for work in [*works] * CALLS:
        work()
    samples = []
    for _ in range(rounds):
        taken = [[_seconds(work) for work in works] for _ in range(CALLS)]
        samples.append((median(each[0] for each in taken), median(each[1] for each in taken)))
    return samples


def _seconds(work: Work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _tables(database: Database, orders: int) -> tuple[Work, Work]:
    """Fill a table, and return how to store one more order in it and how to read a page of it."""
    database.create_tables(application(kafka="127.0.0.1:9092", dynamodb=database.url))
    dynamodb = client("dynamodb", database.url)
    began = datetime(2026, 1, 1, tzinfo=UTC)

    def write(first: int) -> None:
        numbers = range(first, min(first + _BATCH, orders))
        items = [item_of(order_of(f"pay_{each}", created_at=began + timedelta(seconds=each))) for each in numbers]
        dynamodb.batch_write_item(RequestItems={TABLE: [{"PutRequest": {"Item": item}} for item in items]})

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(0, orders, _BATCH)))
    store, queries = OrderStore(client=dynamodb, table=TABLE), OrderQueries(client=dynamodb, table=TABLE)
    numbers = itertools.count(orders)
    return (
        lambda: store.add(order_of(f"pay_{next(numbers)}", created_at=datetime.now(UTC))),
        lambda: queries.of_all(status="paid", cursor=None, limit=20),
    )


def _producing(broker: Broker, producer: KafkaProducer, partitions: int) -> Work:
    """Make a topic, and return how to produce an order's event to it."""
    topic = f"events-{partitions}"
    broker.create_topic(topic, partitions=partitions)
    numbers = itertools.count()

    def produce() -> None:
        order = order_of(f"pay_{partitions}_{next(numbers)}")
        record = event_of(order, order.pending[0])
        producer.send(topic, key=record.key.encode(), value=record.value).get(timeout=10)

    return produce


if __name__ == "__main__":
    print(rows_text(measure_growth(rounds=5, large=int(sys.argv[1]) if len(sys.argv) > 1 else LARGE)))
