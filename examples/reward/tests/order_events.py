"""Order events: the sample of the contract, for any order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reward.events import OrderPaid

_CONTRACT = Path(__file__).parents[3] / "events"


def order_paid(order_id: str = "ord_1", **data: Any) -> dict[str, Any]:
    """Return the sample of order.paid.v1 for an order, with these fields of `data` instead of its own."""
    event: dict[str, Any] = json.loads((_CONTRACT / "order.paid.v1.json").read_text())
    return event | {"subject": order_id, "data": event["data"] | {"order_id": order_id, **data}}


def paid(order_id: str = "ord_1", **data: Any) -> OrderPaid:
    """Return order.paid.v1 as the service reads it."""
    return OrderPaid.model_validate(order_paid(order_id, **data))
