"""Points of an order: granted once, however often its event comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from examples.reward.tests.order_events import paid

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

    from reward.rewards import Rewards


@pytest.mark.parametrize(
    ("currency", "total", "points"),
    [("EUR", "25.00", 25), ("EUR", "25.99", 25), ("EUR", "1.00", 1), ("JPY", "2500", 2500)],
)
def test_an_order_has_a_point_for_each_whole_unit_of_its_currency(
    rewards: Rewards, table: Table, currency: str, total: str, points: int
) -> None:
    event = rewards.grant(paid(currency=currency, total=total))
    assert event
    assert json.loads(event.value)["data"]["points"] == points
    [item] = table.scan()["Items"]
    assert (item["order_id"], item["customer_id"], item["points"]) == ("ord_1", "cus_ada", points)
    assert item["pending_event"] == event.value


def test_an_event_that_comes_again_grants_nothing(rewards: Rewards, table: Table) -> None:
    rewards.grant(paid())
    before = table.scan()["Items"]
    assert rewards.grant(paid()) is None
    assert rewards.grant(paid(total="99.00")) is None
    assert table.scan()["Items"] == before


def test_an_order_of_less_than_one_unit_has_no_points(rewards: Rewards, table: Table) -> None:
    assert rewards.grant(paid(total="0.99")) is None
    assert table.scan()["Items"] == []
