"""Order outside a stack: its functions on a broker and a DynamoDB of the test."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from samrun.testing.broker import Broker
from samrun.testing.dynamodb import Database
from tests.system.killable_functions import ORDER, Functions, application
from tests.system.orders_table import OrdersTable

TOPIC = "order-events"


@dataclass(frozen=True, kw_only=True)
class IsolatedOrder:
    """The functions, and the DynamoDB that they call with its table of orders."""

    database: Database
    functions: Functions
    table: OrdersTable


@contextlib.contextmanager
def isolated_order(broker: Broker, folder: Path) -> Iterator[IsolatedOrder]:
    """Create the topic on the broker; yield the functions on a new DynamoDB, with data and log in `folder`."""
    broker.create_topic(TOPIC, partitions=3)
    with Database(folder) as database, contextlib.closing(OrdersTable(database.url)) as table:
        template = application(kafka=broker.bootstrap, dynamodb=database.url)
        database.create_tables(template)
        services, log = {"dynamodb": database.url}, folder / "functions.log"
        with Functions(ORDER, template, services=services, log=log) as functions:
            yield IsolatedOrder(database=database, functions=functions, table=table)
