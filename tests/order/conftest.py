"""Fixtures of the order function's tests: its entry points, an order, a table that moto keeps, events from events/."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from functions.order.orders import Customer, Item, Order, order_id_for, total_of
from tests.template.conftest import PLAIN
from tests.template.deployment import deploy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from mypy_boto3_dynamodb import DynamoDBClient

EVENTS = Path(__file__).parents[2] / "events"
TABLE_PROPERTIES = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")


@dataclass(frozen=True, kw_only=True)
class FakeContext:
    """What the function reads of its Lambda context."""

    remaining_ms: int = 10_000
    function_name: str = "order"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:order"
    aws_request_id: str = "request-1"
    tenant_id: None = None

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


def order_of(reference: str = "pay_1", **changes: Any) -> Order:
    """A paid order of Ada's, for the payment `reference`, with `changes`."""
    items = (Item(sku="BOOK-1", name="Notes on the Engine", quantity=2, unit_price=Decimal("12.50")),)
    order = Order(
        order_id=order_id_for(reference),
        payment_reference=reference,
        content_hash="a" * 64,
        customer=Customer(id="cus_ada", name="Ada Lovelace", email="ada@example.com"),
        items=items,
        currency="EUR",
        total=total_of(items),
        created_at=datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC),
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )
    return replace(order, **changes)


# Not for the session: tests of the whole stack, later in the same worker, would start it with this environment.
@pytest.fixture(scope="module")
def environment() -> Iterator[None]:
    """The environment that template.yaml gives the entry points."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "KAFKA_AUTHENTICATION": "none",
            "KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092",
            "KAFKA_CA_SECRET_ARN": "",
            "KAFKA_SECRET_ARN": "",
            "ORDER_EVENTS_TOPIC": "order-events",
            "ORDERS_READ_ALL_SCOPE": "orders:read:all",
            "ORDERS_TABLE": "orders",
            "ORDERS_WRITE_SCOPE": "orders:write",
            "POWERTOOLS_METRICS_NAMESPACE": "shop",
            "POWERTOOLS_SERVICE_NAME": "order",
        }.items():
            environment.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def app(environment: None) -> ModuleType:
    """The entry point of the API, imported once."""
    from functions.order import app

    return app


@pytest.fixture(scope="module")
def relay(environment: None) -> ModuleType:
    """The entry point of the relay, imported once."""
    from functions.order import relay

    return relay


@pytest.fixture(scope="session")
def orders_table() -> dict[str, Any]:
    """The properties of the table of orders in template.yaml."""
    return deploy(**PLAIN).properties("OrdersTable")


@pytest.fixture
def dynamodb(orders_table: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    """A DynamoDB client with the table `orders`, as template.yaml has it."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName="orders",
            **{name: orders_table[name] for name in TABLE_PROPERTIES},
        )
        yield client


@pytest.fixture(scope="session")
def context() -> Callable[..., FakeContext]:
    return FakeContext


@pytest.fixture(scope="session")
def event() -> Callable[[str], Any]:
    """Reads a file of events/."""

    def read(name: str) -> Any:
        return json.loads((EVENTS / name).read_text(encoding="utf-8"))

    return read


@pytest.fixture(scope="session")
def new_order_body(event: Callable[[str], Any]) -> Callable[[], dict[str, Any]]:
    """A fresh copy of Ada's request body, to be changed."""

    def read() -> dict[str, Any]:
        body: dict[str, Any] = json.loads(event("api/create-order-ada.json")["body"])
        return body

    return read
