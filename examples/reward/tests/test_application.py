"""The whole application on a stack: a real Kafka and its table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from examples.reward.tests.order_events import order_paid

if TYPE_CHECKING:
    from samrun.testing.stack import RunningStack

# One stack for all, in one worker.
pytestmark = pytest.mark.xdist_group("reward")


def published(samrun: RunningStack) -> list[dict[str, Any]]:
    return [json.loads(record.value or b"") for record in samrun.records("reward-events")]


def points(samrun: RunningStack) -> dict[str, int]:
    return {item["order_id"]: item["points"] for item in samrun.items("RewardsTable")}


def test_a_paid_order_has_points_and_the_customer_can_be_told(samrun: RunningStack) -> None:
    samrun.produce("order-events", order_paid("ord_1"), key="ord_1")
    samrun.wait_until_idle()
    assert points(samrun) == {"ord_1": 25}
    [event] = published(samrun)
    assert (event["type"], event["subject"], event["data"]["points"]) == ("reward.granted.v1", "ord_1", 25)
    assert event["data"]["customer"]["email"] == "ada@example.com"
    [record] = samrun.records("reward-events")
    assert record.key == b"ord_1"
    assert "ada@example.com" not in json.dumps(samrun.items("RewardsTable"), default=str)


def test_an_event_that_comes_again_grants_nothing_again(samrun: RunningStack) -> None:
    for _ in range(2):
        samrun.produce("order-events", order_paid("ord_1"), key="ord_1")
        samrun.wait_until_idle()
    assert points(samrun) == {"ord_1": 25}
    assert len(published(samrun)) == 1


def test_what_is_no_paid_order_holds_nothing_up(samrun: RunningStack) -> None:
    broken = order_paid("ord_1", total="many")
    partition, offset = samrun.produce("order-events", broken, key="ord_1")
    samrun.produce("order-events", order_paid() | {"type": "order.cancelled.v1"}, partition=partition)
    samrun.produce("order-events", order_paid("ord_2"), key="ord_2", partition=partition)
    samrun.wait_until_idle()
    assert points(samrun) == {"ord_2": 25}
    bucket = samrun.resource_name("RewardDeadLetterBucket")
    [kept] = samrun.aws("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert kept["Key"] == f"unreadable/order-events-{partition}-{offset}.json"


def test_the_relay_publishes_what_the_consumer_could_not(samrun: RunningStack) -> None:
    """The item is as a consumer leaves it that dies between its write and Kafka's answer."""
    event = {"type": "reward.granted.v1", "subject": "ord_1"}
    samrun.aws("dynamodb").put_item(
        TableName=samrun.resource_name("RewardsTable"),
        Item={
            "order_id": {"S": "ord_1"},
            "points": {"N": "25"},
            "pending_event": {"S": json.dumps(event)},
            "pending": {"S": "pending"},
            "pending_since": {"S": "2026-11-22T10:20:31.000Z"},
        },
    )
    assert samrun.invoke("RewardRelayFunction", {}) == {"published": 1, "oldest_pending_seconds": 0.0}
    assert published(samrun) == [event]
    assert samrun.items("RewardsTable") == [{"order_id": "ord_1", "points": 25}]
    assert samrun.invoke("RewardRelayFunction", {}) == {"published": 0, "oldest_pending_seconds": 0.0}
