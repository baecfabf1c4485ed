"""Fixtures of the order function's tests: its entry points, a table in moto, and the files of events/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from samrun.testing.fixtures import sockets_collected
from tests.order.environment import API_ENVIRONMENT, plain_deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["sockets_collected"]

EVENTS = Path(__file__).parents[2] / "events"
TABLE_PROPERTIES = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")


# Not for the session: the same worker may later run tests of the whole stack, which would start with this environment.
@pytest.fixture(scope="module")
def environment() -> Iterator[None]:
    """Set the environment that template.yaml gives the entry points."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in API_ENVIRONMENT.items():
            environment.setenv(name, value)
        yield


@pytest.fixture(autouse=True)
def no_correlation_id_left() -> Iterator[None]:
    """Remove the correlation id of a test's request: loggers of one service share it, notify's tests among them."""
    from functions.order.logs import logger

    yield
    logger.remove_keys(["correlation_id"])


@pytest.fixture(scope="module")
def app(environment: None) -> ModuleType:
    """Return the entry point of the API, imported once."""
    from functions.order.handlers import api

    return api


@pytest.fixture(scope="module")
def relay(environment: None) -> ModuleType:
    """Return the entry point of the relay, imported once."""
    from functions.order.handlers import relay

    return relay


@pytest.fixture(scope="session")
def orders_table() -> dict[str, Any]:
    """Return the properties of the table of orders in template.yaml."""
    return plain_deployment().properties("OrdersTable")


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """One session for all tests: a new one reads boto3's descriptions of the services again, a quarter of a second."""
    return boto3.Session(region_name="eu-central-1", aws_access_key_id="testing", aws_secret_access_key="testing")


@pytest.fixture(scope="session")
def dynamodb_client(session: boto3.Session) -> DynamoDBClient:
    """A client of DynamoDB, made once for all tests."""
    return session.client("dynamodb")


@pytest.fixture
def dynamodb(
    orders_table: dict[str, Any], dynamodb_client: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DynamoDBClient]:
    """A DynamoDB client with the table `orders`, as template.yaml has it."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    client = dynamodb_client
    with mock_aws():
        client.create_table(
            TableName="orders",
            **{name: orders_table[name] for name in TABLE_PROPERTIES},
        )
        yield client


@pytest.fixture(scope="session")
def event() -> Callable[[str], Any]:
    """Return a function that reads a file of events/."""

    def read(name: str) -> Any:
        return json.loads((EVENTS / name).read_text(encoding="utf-8"))

    return read


@pytest.fixture(scope="session")
def new_order_body(event: Callable[[str], Any]) -> Callable[[], dict[str, Any]]:
    """Return a function that gives a fresh copy of Ada's request body, to be changed."""

    def read() -> dict[str, Any]:
        body: dict[str, Any] = json.loads(event("api/create-order-ada.json")["body"])
        return body

    return read
