"""Fixtures of the order function's tests: its entry point, a table that moto keeps, events from events/."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from mypy_boto3_dynamodb import DynamoDBClient

EVENTS = Path(__file__).parents[2] / "events"


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


# Not for the session: tests of the whole stack, later in the same worker, would start it with this environment.
@pytest.fixture(scope="module")
def app() -> Iterator[ModuleType]:
    """The entry point, imported once, under the environment that template.yaml gives it."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "KAFKA_AUTHENTICATION": "none",
            "KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092",
            "ORDER_EVENTS_TOPIC": "order-events",
            "ORDERS_TABLE": "orders",
            "POWERTOOLS_SERVICE_NAME": "order",
        }.items():
            environment.setenv(name, value)
        from functions.order import app

        yield app


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    """A DynamoDB client with the table `orders`."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName="orders",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
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
