"""Timestamps: RFC 3339, in UTC, to the millisecond."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def rfc3339(moment: datetime) -> str:
    """Format a moment in UTC, such as 2026-11-22T10:15:30.000Z. The texts sort as the moments do."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_milliseconds(moment: datetime) -> datetime:
    """Return the moment as precise as `rfc3339` writes it."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
