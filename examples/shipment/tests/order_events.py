"""Order events: the samples of the contract, for any order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shipment.events import OrderEvent

_CONTRACT = Path(__file__).parents[3] / "events"


def order_event(event_type: str, order_id: str = "ord_1") -> dict[str, Any]:
    """Return the sample of order.paid.v1 or order.cancelled.v1 for an order."""
    event: dict[str, Any] = json.loads((_CONTRACT / f"{event_type}.json").read_text())
    return event | {"subject": order_id, "data": event["data"] | {"order_id": order_id}}


def paid(order_id: str = "ord_1") -> OrderEvent:
    """Return order.paid.v1 as the service reads it."""
    return OrderEvent.model_validate(order_event("order.paid.v1", order_id))
