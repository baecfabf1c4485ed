"""Selection of events: the types and the time range of a backfill."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from functions.order.domain.events import event_of
from functions.order.domain.order import ORDER_CANCELLED, ORDER_PAID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from functions.order.domain.events import ProducerRecord
    from functions.order.domain.order import Order

# In the order in which an order has them.
EVENT_TYPES = (ORDER_PAID, ORDER_CANCELLED)
# Notify skips a record with this header, and any consumer that tells a customer something should.
BACKFILL_HEADER = ("backfill", b"true")


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The events of these types, from `since` (None: the first) to before `until`, by the time of the event."""

    types: tuple[str, ...]
    since: datetime | None
    until: datetime

    def moments(self, order: Order) -> Iterator[tuple[str, datetime]]:
        """Yield type and time of each event of an order that is selected, the oldest first."""
        times = {ORDER_PAID: order.created_at}
        if order.cancellation:
            times[ORDER_CANCELLED] = order.cancellation.cancelled_at
        for event_type, time in times.items():
            if event_type in self.types and (self.since is None or self.since <= time) and time < self.until:
                yield event_type, time

    def records(self, order: Order) -> list[ProducerRecord]:
        """Return the selected events of an order: the original ones byte for byte, with one more header."""
        events = (event_of(order, event_type) for event_type, _ in self.moments(order))
        return [replace(event, headers=(*event.headers, BACKFILL_HEADER)) for event in events]
