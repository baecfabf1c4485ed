"""Rewards: the points of each order, granted once however often its event comes (idempotent consumer)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boto3.dynamodb.conditions import Attr

from reward.events import OrderPaid, reward_granted, rfc3339
from reward.outbox import PendingEvent

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from decimal import Decimal

    from mypy_boto3_dynamodb.service_resource import Table


def points_for(total: Decimal) -> int:
    """Return a point for each whole unit of the order's currency."""
    return int(total)


class Rewards:
    """The table of rewards: an item for each order. `clock` gives the time with its zone."""

    def __init__(self, *, table: Table, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock

    def grant(self, paid: OrderPaid, *, silently: bool = False) -> PendingEvent | None:
        """Grant the points and record their event; return that, or None if there is nothing to publish.

        There is nothing if the points are granted already, if there are none, or with `silently`. Raises ClientError or
        BotoCoreError if DynamoDB fails.
        """
        points = points_for(paid.data.total)
        if points == 0:
            return None
        order_id, granted_at = paid.data.order_id, rfc3339(self._clock())
        value = reward_granted(paid, points=points, granted_at=granted_at)
        event = PendingEvent(order_id=order_id, value=value, since=granted_at)
        item: dict[str, str | int] = {
            "order_id": order_id,
            "customer_id": paid.data.customer.id,
            "points": points,
            "granted_at": granted_at,
            **({} if silently else event.attributes()),
        }
        try:
            self._table.put_item(Item=item, ConditionExpression=Attr("order_id").not_exists())
        except self._table.meta.client.exceptions.ConditionalCheckFailedException:
            return None  # granted already: if its event is still pending, the relay publishes it
        return None if silently else event
