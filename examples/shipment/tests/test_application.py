"""The whole application on a stack: a real Kafka, its queue with the delay, its table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from examples.shipment.tests.order_events import order_event

if TYPE_CHECKING:
    from samrun.testing.stack import RunningStack

# One stack for all, in one worker.
pytestmark = pytest.mark.xdist_group("shipment")

DISPATCHER = "ShipmentDispatcherFunction"


def published(samrun: RunningStack) -> list[dict[str, Any]]:
    return [json.loads(record.value or b"") for record in samrun.records("shipment-events")]


def states(samrun: RunningStack) -> dict[str, str]:
    return {item["order_id"]: item["state"] for item in samrun.items("ShipmentsTable")}


def produce(samrun: RunningStack, event_type: str, order_id: str) -> None:
    samrun.produce("order-events", order_event(event_type, order_id), key=order_id)


def test_a_paid_order_is_dispatched_and_the_customer_can_be_told(samrun: RunningStack) -> None:
    produce(samrun, "order.paid.v1", "ord_1")
    dispatch = samrun.wait_for_invocation(DISPATCHER)
    assert dispatch.result == {"batchItemFailures": []}
    [event] = published(samrun)
    assert (event["type"], event["subject"]) == ("shipment.dispatched.v1", "ord_1")
    assert event["data"]["customer"]["email"] == "ada@example.com"
    [record] = samrun.records("shipment-events")
    assert record.key == b"ord_1"
    [item] = samrun.items("ShipmentsTable")
    assert item["state"] == "dispatched"
    assert "ada@example.com" not in json.dumps(item, default=str)


def test_an_order_cancelled_within_the_delay_is_not_dispatched(samrun: RunningStack) -> None:
    produce(samrun, "order.paid.v1", "ord_1")
    produce(samrun, "order.cancelled.v1", "ord_1")
    samrun.wait_for_invocation(DISPATCHER)
    assert states(samrun) == {"ord_1": "cancelled"}
    assert published(samrun) == []


def test_an_event_that_comes_again_dispatches_nothing_again(samrun: RunningStack) -> None:
    produce(samrun, "order.paid.v1", "ord_1")
    produce(samrun, "order.paid.v1", "ord_1")
    samrun.wait_until_idle()
    assert [event["subject"] for event in published(samrun)] == ["ord_1"]


def test_what_is_no_order_event_holds_nothing_up(samrun: RunningStack) -> None:
    broken = order_event("order.paid.v1", "ord_1") | {"data": {"order_id": "ord_1"}}
    partition, offset = samrun.produce("order-events", broken, key="ord_1")
    samrun.produce("order-events", order_event("order.paid.v1") | {"type": "order.returned.v1"}, partition=partition)
    samrun.produce("order-events", order_event("order.paid.v1", "ord_2"), key="ord_2", partition=partition)
    samrun.wait_for_invocation(DISPATCHER)
    assert states(samrun) == {"ord_2": "dispatched"}
    bucket = samrun.resource_name("ShipmentDeadLetterBucket")
    [kept] = samrun.aws("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert kept["Key"] == f"unreadable/order-events-{partition}-{offset}.json"


def test_the_relay_publishes_what_the_dispatcher_could_not(samrun: RunningStack) -> None:
    """The item is as a dispatcher leaves it that dies between its write and Kafka's answer."""
    event = {"type": "shipment.dispatched.v1", "subject": "ord_1"}
    since = "2026-11-22T10:20:31.000Z"
    samrun.aws("dynamodb").put_item(
        TableName=samrun.resource_name("ShipmentsTable"),
        Item={
            "order_id": {"S": "ord_1"},
            "state": {"S": "dispatched"},
            "pending_event": {"S": json.dumps(event)},
            "pending": {"S": "pending"},
            "pending_since": {"S": since},
        },
    )
    assert samrun.invoke("ShipmentRelayFunction", {}) == {"published": 1, "oldest_pending_seconds": 0.0}
    assert published(samrun) == [event]
    assert samrun.items("ShipmentsTable") == [{"order_id": "ord_1", "state": "dispatched"}]
    assert samrun.invoke("ShipmentRelayFunction", {}) == {"published": 0, "oldest_pending_seconds": 0.0}
