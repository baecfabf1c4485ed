"""DynamoDB away: no order is recorded, no event published, and the same request succeeds once DynamoDB is back."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from samrun.testing.broker import Broker
from samrun.testing.dynamodb import Database
from tests.system.isolated_order import TOPIC, isolated_order
from tests.system.killable_functions import Call, Functions, to_place
from tests.system.orders_table import OrdersTable
from tests.system.published_events import PAID, Published

pytestmark = pytest.mark.xdist_group("store-away")

# Seconds: older than what the relay takes.
LATER = 60.0


@dataclass(frozen=True, kw_only=True)
class DatabaseOutageShop:
    """The functions and the services that they call."""

    broker: Broker
    database: Database
    functions: Functions
    table: OrdersTable

    def place(self, reference: str) -> dict[str, Any]:
        [result] = self.functions.invoke([Call(event=to_place(reference))])
        answer: dict[str, Any] = result.answer
        return answer

    def relay(self) -> None:
        [result] = self.functions.invoke([Call(function="relay", event={}, ahead=LATER)])
        assert result.answer["deferred"] == 0
        assert self.table.pending() == []


@pytest.fixture(scope="module")
def shop(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseOutageShop]:
    with isolated_order(broker, tmp_path_factory.mktemp("dynamodb")) as order:
        yield DatabaseOutageShop(broker=broker, database=order.database, functions=order.functions, table=order.table)


def assert_unavailable(answer: dict[str, Any]) -> None:
    assert answer["statusCode"] == httpx.codes.SERVICE_UNAVAILABLE
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert int(answer["headers"]["Retry-After"]) > 0


def test_a_stopped_dynamodb_makes_a_503_and_the_repeated_request_records_and_publishes(
    shop: DatabaseOutageShop,
) -> None:
    before = shop.broker.records(TOPIC)
    shop.database.stop()
    try:
        assert_unavailable(shop.place("stopped"))
    finally:
        shop.database.start()
    assert shop.broker.records(TOPIC) == before
    repeated = shop.place("stopped")
    assert repeated["statusCode"] == httpx.codes.CREATED
    shop.relay()
    Published(shop.broker.records(TOPIC)).has(json.loads(repeated["body"])["order_id"], [PAID])


def test_a_frozen_dynamodb_makes_a_503_and_the_repeated_request_completes_whatever_it_wrote(
    shop: DatabaseOutageShop,
) -> None:
    before = shop.broker.records(TOPIC)
    shop.database.freeze()
    try:
        assert_unavailable(shop.place("frozen"))
    finally:
        shop.database.thaw()
    assert shop.broker.records(TOPIC) == before
    repeated = shop.place("frozen")
    # It may have written the order when it was thawed.
    assert repeated["statusCode"] in {httpx.codes.CREATED, httpx.codes.OK}
    shop.relay()
    order_id = json.loads(repeated["body"])["order_id"]
    assert [order["order_id"] for order in shop.table.orders() if order["payment_reference"] == "frozen"] == [order_id]
    Published(shop.broker.records(TOPIC)).has(order_id, [PAID])
