"""Fixtures: the table of template.yaml in moto, the service's parts on it, and the whole application on a stack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import yaml
from moto import mock_aws

from samrun.testing.stack import RunningStack
from shipment.kafka_publisher import NotPublishedError
from shipment.outbox import Outbox
from shipment.shipments import Shipments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb.service_resource import Table

APPLICATION = Path(__file__).parents[1]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, **time: float) -> None:
        self.now += timedelta(**time)


class FakePublisher:
    """Acknowledges every record but those with a key in `failing`."""

    def __init__(self) -> None:
        self.records: list[tuple[str, str]] = []
        self.failing: set[str] = set()
        self.on_send: Callable[[], object] = lambda: None

    def publish(self, *, key: str, value: str) -> None:
        self.on_send()
        if key in self.failing:
            raise NotPublishedError("no acknowledgement from Kafka: KafkaTimeoutError")
        self.records.append((key, value))


class _Loader(yaml.SafeLoader):
    """Loader of templates, which leaves their intrinsic functions as they are written."""


_Loader.add_multi_constructor("!", lambda _loader, suffix, node: f"!{suffix} {node.value}")


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load((APPLICATION / "template.yaml").read_text(), _Loader)  # noqa: S506 - a SafeLoader
    return loaded


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield


@pytest.fixture
def table(aws: None, template: dict[str, Any]) -> Table:
    declared = template["Resources"]["ShipmentsTable"]["Properties"]
    properties = {
        name: declared[name] for name in ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")
    }
    return boto3.resource("dynamodb").create_table(TableName="shipments", **properties)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def shipments(table: Table, clock: FakeClock) -> Shipments:
    return Shipments(table=table, carrier="Parcel Post", clock=clock)


@pytest.fixture
def publisher() -> FakePublisher:
    return FakePublisher()


@pytest.fixture
def outbox(table: Table, publisher: FakePublisher) -> Outbox:
    return Outbox(table=table, publisher=publisher)


@pytest.fixture(scope="module")
def samrun_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Yield a stack of this application with the packages of the tests, for one module: the other tests need none."""
    with RunningStack(APPLICATION, tmp_path_factory.mktemp("shipment") / "data") as stack:
        yield stack
