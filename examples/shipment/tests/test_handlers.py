"""Handlers: the sample invocations, and what a handler returns when a service is away."""

from __future__ import annotations

import importlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import EndpointConnectionError

from shipment.logs import logger

if TYPE_CHECKING:
    from types import ModuleType

    from mypy_boto3_dynamodb.service_resource import Table

    from examples.shipment.tests.conftest import FakePublisher

APPLICATION = Path(__file__).parents[1]
BATCH = APPLICATION.parents[1] / "events/kafka/msk.json"
DUE = APPLICATION / "events/sqs/due.json"
ORDER = "ord_a7yuqahkcwyojza3z7chx7dkkq"
ENVIRONMENT = {
    "CARRIER": "Parcel Post",
    "DEAD_LETTER_BUCKET": "dead-letters",
    "KAFKA_AUTHENTICATION": "none",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "POWERTOOLS_METRICS_NAMESPACE": "shipment",
    "POWERTOOLS_SERVICE_NAME": "shipment",
    "SHIPMENTS_TABLE": "shipments",
    "SHIPMENT_EVENTS_TOPIC": "shipment-events",
}


class FakeContext(LambdaContext):
    """Context of an invocation that has half a minute left."""

    def __init__(self) -> None:
        self._function_name = "shipment"
        self._memory_limit_in_mb = 512
        self._invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:shipment"
        self._aws_request_id = "request-1"

    # Powertools has it as a static method.
    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]
        return 30_000


@pytest.fixture
def handlers(table: Table, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that imports a handler's module, with the queue and the bucket in moto."""
    boto3.client("s3").create_bucket(
        Bucket="dead-letters", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    queue = boto3.client("sqs").create_queue(QueueName="dispatch")["QueueUrl"]
    for name, value in {**ENVIRONMENT, "DISPATCH_QUEUE_URL": queue}.items():
        monkeypatch.setenv(name, value)
    return lambda name: importlib.reload(importlib.import_module(f"shipment.{name}"))


def invoke(module: ModuleType, event: Any) -> Any:
    return module.handler(event, FakeContext())


def messages() -> list[str]:
    sqs = boto3.client("sqs")
    found = sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="dispatch")["QueueUrl"], MaxNumberOfMessages=10)
    return [each["Body"] for each in found.get("Messages", [])]


def away(**_: Any) -> None:
    raise EndpointConnectionError(endpoint_url="http://aws")


def test_the_consumer_plans_and_the_dispatcher_dispatches(
    handlers: Any, table: Table, publisher: FakePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert invoke(handlers("consumer"), json.loads(BATCH.read_text())) == {"batchItemFailures": []}
    due = json.loads(DUE.read_text())
    assert messages() == [due["Records"][0]["body"]]
    dispatcher = handlers("dispatcher")
    monkeypatch.setattr(dispatcher.outbox, "_publisher", publisher)
    assert invoke(dispatcher, due) == {"batchItemFailures": []}
    assert [key for key, _ in publisher.records] == [ORDER]
    assert table.scan(IndexName="pending")["Items"] == []


def test_a_record_whose_message_cannot_be_sent_is_delivered_again(
    handlers: Any, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer, batch = handlers("consumer"), json.loads(BATCH.read_text())
    with monkeypatch.context() as patch:
        patch.setattr(consumer.sqs, "send_message", away)
        failed = {"itemIdentifier": {"partition": "order-events-0", "offset": 7}}
        assert invoke(consumer, batch) == {"batchItemFailures": [failed]}
    assert messages() == []
    assert invoke(consumer, batch) == {"batchItemFailures": []}
    assert messages() == [json.dumps({"order_id": ORDER})], "the shipment was planned, and its message was missing"


def test_a_message_whose_shipment_cannot_be_read_is_delivered_again(
    handlers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher, due = handlers("dispatcher"), json.loads(DUE.read_text())
    monkeypatch.setattr(dispatcher.table, "get_item", away)
    failed = {"itemIdentifier": due["Records"][0]["messageId"]}
    assert invoke(dispatcher, due) == {"batchItemFailures": [failed]}


def test_a_dispatch_without_kafka_is_done_and_the_relay_publishes_its_event(
    handlers: Any, table: Table, publisher: FakePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke(handlers("consumer"), json.loads(BATCH.read_text()))
    dispatcher, relay = handlers("dispatcher"), handlers("relay")
    publisher.failing = {ORDER}
    monkeypatch.setattr(dispatcher.outbox, "_publisher", publisher)
    monkeypatch.setattr(relay.outbox, "_publisher", publisher)
    assert invoke(dispatcher, json.loads(DUE.read_text())) == {"batchItemFailures": []}
    assert invoke(relay, {}) == {"published": 0, "oldest_pending_seconds": 0.0}, "it leaves young events alone"
    table.update_item(
        Key={"order_id": ORDER},
        UpdateExpression="SET pending_since = :since",
        ExpressionAttributeValues={":since": "2026-11-22T10:20:31.000Z"},
    )
    assert invoke(relay, {})["oldest_pending_seconds"] > 0
    publisher.failing = set()
    assert invoke(relay, {}) == {"published": 1, "oldest_pending_seconds": 0.0}
    assert [key for key, _ in publisher.records] == [ORDER]


@pytest.mark.parametrize("value", [None, "%", "bm8gSlNPTg=="])
def test_a_record_without_an_event_is_kept_as_a_dead_letter(handlers: Any, value: str | None) -> None:
    batch = json.loads(BATCH.read_text())
    batch["records"]["order-events-0"][0]["value"] = value
    assert invoke(handlers("consumer"), batch) == {"batchItemFailures": []}
    kept = boto3.client("s3").get_object(Bucket="dead-letters", Key="unreadable/order-events-0-7.json")["Body"].read()
    assert json.loads(kept) == batch["records"]["order-events-0"][0]


def test_logs_name_no_person(handlers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    invoke(handlers("consumer"), json.loads(BATCH.read_text()))
    invoke(handlers("dispatcher"), json.loads(DUE.read_text()))
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(line["message"], line["order_id"]) for line in lines] == [
        ("shipment planned", ORDER),
        ("event deferred", ORDER),
    ]
    assert lines[0]["correlation_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert not any(each in log.getvalue() for each in ("Ada", "ada@example.com", "+14155550100"))


@pytest.mark.parametrize("name", ["consumer", "dispatcher", "relay"])
def test_no_call_to_aws_outlasts_the_invocation(handlers: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    configs = []

    def noted(make: Any) -> Any:
        def make_with(service: str, *, config: Any = None) -> Any:
            configs.append(config)
            return make(service, config=config)

        return make_with

    monkeypatch.setattr(boto3, "client", noted(boto3.client))
    monkeypatch.setattr(boto3, "resource", noted(boto3.resource))
    handlers(name)
    assert configs
    assert all((config.connect_timeout, config.read_timeout) == (1, 2) for config in configs)
    assert all(config.retries["total_max_attempts"] == 2 for config in configs)
