"""Report of a backfill's progress, for the person who runs it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from functions.order.domain.events import ProducerRecord
    from tools.backfill.checkpoint import Progress

_SECONDS_BETWEEN_REPORTS = 5.0


class ProgressReport:
    """Lines about the progress, one every few seconds."""

    def __init__(self, orders: int) -> None:
        self._orders = orders
        self._last = time.monotonic()

    def add(self, progress: Progress) -> None:
        """Print a line, if the last one was some seconds ago."""
        if time.monotonic() - self._last < _SECONDS_BETWEEN_REPORTS:
            return
        self._last = time.monotonic()
        read = progress.orders + progress.erased
        part = f", about {min(100, 100 * read // self._orders)} %" if self._orders else ""
        print(f"{said(progress)}{part}", flush=True)


def said(progress: Progress) -> str:
    """Say what was published so far."""
    events = ", ".join(f"{number:,} {event_type}" for event_type, number in sorted(progress.published.items()))
    more = [f"{progress.erased:,} erased orders left out"] if progress.erased else []
    more += [f"{progress.refused:,} events refused by Kafka"] if progress.refused else []
    return "; ".join([f"{sum(progress.published.values()):,} events of {progress.orders:,} orders ({events})", *more])


def print_refused(record: ProducerRecord, reason: str) -> None:
    """Print which event Kafka never takes, and why."""
    print(f"{record.event_type} of {record.key} is left out: {reason}", file=sys.stderr)
