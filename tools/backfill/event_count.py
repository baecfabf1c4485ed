"""Count of a backfill's events, for the dry run: how many there are of each type, and of which time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from functions.order.domain.timestamps import rfc3339
from tools.table import table

if TYPE_CHECKING:
    from datetime import datetime

    from tools.backfill.order_pages import OrderPages
    from tools.backfill.selection import Selection


@dataclass(kw_only=True)
class EventsOfType:
    """The number of events of a type, and the times of the first and the last one."""

    first: datetime
    last: datetime
    number: int = 0

    def add(self, time: datetime) -> None:
        """Count one more."""
        self.number += 1
        self.first, self.last = min(self.first, time), max(self.last, time)


@dataclass(kw_only=True)
class EventCount:
    """The events by their types, and the orders that are left out because they were erased."""

    by_type: dict[str, EventsOfType] = field(default_factory=dict)
    erased: int = 0

    @property
    def total(self) -> int:
        """The number of events of all types."""
        return sum(each.number for each in self.by_type.values())

    def rows(self) -> str:
        """Return a table for people: of each type its number, its first and its last time."""
        rows = [
            (event_type, f"{each.number:,}", rfc3339(each.first), rfc3339(each.last))
            for event_type, each in sorted(self.by_type.items())
        ]
        return table([("TYPE", "EVENTS", "FIRST", "LAST"), *rows])


def count_events(pages: OrderPages, selection: Selection, *, after: str | None) -> EventCount:
    """Read the orders after one (None: all), and count their selected events. Raises botocore's errors."""
    counted = EventCount()
    for page in pages.after(after):
        for order in page.orders:
            if order.erased_at:
                counted.erased += 1
                continue
            for event_type, time in selection.moments(order):
                counted.by_type.setdefault(event_type, EventsOfType(first=time, last=time)).add(time)
    return counted
