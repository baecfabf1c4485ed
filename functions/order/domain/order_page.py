"""A page of a list of orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from functions.order.domain.order import Status


@dataclass(frozen=True, kw_only=True)
class OrderSummary:
    """An order as a list shows it."""

    order_id: str
    status: Status
    customer_id: str
    currency: str
    total: Decimal
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some orders of a list, newest first. `next_cursor` leads to the next page; on the last page it is None."""

    orders: tuple[OrderSummary, ...]
    next_cursor: str | None
