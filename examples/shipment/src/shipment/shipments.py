"""Shipments and their states, as conditional writes: of two that meet in one shipment, DynamoDB lets one win.

    no item     plan      planned
    no item     cancel    cancelled    the cancellation came first; the order's payment finds it
    planned     dispatch  dispatched   with the event, for the outbox
    planned     cancel    cancelled

Nothing leaves `dispatched` or `cancelled`, so an event or a message that comes twice changes nothing. The item has the
customer only as long as it is planned: then the event has what is needed of them, until it is published.
"""

from __future__ import annotations

import secrets
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr

from shipment.events import rfc3339, shipment_dispatched
from shipment.outbox import PendingEvent

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from boto3.dynamodb.conditions import ConditionBase
    from mypy_boto3_dynamodb.service_resource import Table

    from shipment.events import OrderEvent

_IS_PLANNED = Attr("state").eq("planned")
_IS_NEW = Attr("order_id").not_exists()


class Change(Enum):
    """Result of a write: it changed the shipment, or the state of the shipment allowed no such change."""

    MADE = auto()
    NOT_ALLOWED = auto()


class Shipments:
    """The table of shipments. Every method raises ClientError or BotoCoreError if DynamoDB fails.

    `clock` gives the time with its zone.
    """

    def __init__(self, *, table: Table, carrier: str, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._carrier = carrier
        self._clock = clock

    def plan(self, event: OrderEvent) -> Change:
        """Plan the shipment of a paid order."""
        order = event.data.model_dump(exclude_none=True)
        item = {"order_id": event.data.order_id, "state": "planned", "order": order, "traceparent": event.traceparent}
        return self._put(item, _IS_NEW)

    def cancel(self, order_id: str) -> Change:
        """Cancel the shipment, unless it is dispatched."""
        return self._put({"order_id": order_id, "state": "cancelled"}, _IS_NEW | _IS_PLANNED)

    def dispatch(self, order_id: str) -> PendingEvent | None:
        """Dispatch the shipment and record its event; return that, or None if the shipment is not planned any more."""
        planned: dict[str, Any] = self._table.get_item(Key={"order_id": order_id}, ConsistentRead=True).get("Item", {})
        if planned.get("state") != "planned":
            return None
        parcel = {
            "carrier": self._carrier,
            "tracking_code": f"PP-{secrets.token_hex(6).upper()}",
            "dispatched_at": rfc3339(self._clock()),
        }
        value = shipment_dispatched(order=planned["order"], traceparent=planned["traceparent"], **parcel)
        event = PendingEvent(order_id=order_id, value=value, since=parcel["dispatched_at"])
        item = {"order_id": order_id, "state": "dispatched", **parcel, **event.attributes()}
        return event if self._put(item, _IS_PLANNED) is Change.MADE else None

    def _put(self, item: dict[str, Any], condition: ConditionBase) -> Change:
        try:
            self._table.put_item(Item=item, ConditionExpression=condition)
        except self._table.meta.client.exceptions.ConditionalCheckFailedException:
            return Change.NOT_ALLOWED
        return Change.MADE
