"""Timestamps: RFC 3339, as the API returns them and as the ledger stores them.

The stored forms never change: DynamoDB compares `feedback` as text, and both forms stand in items that exist.
"""

from __future__ import annotations

from datetime import UTC, datetime


def api_form(moment: datetime) -> str:
    """Format a moment in UTC for an answer, such as 2026-11-22T10:15:30.000Z."""
    return stored_feedback_form(moment).replace("+00:00", "Z")


def stored_form(moment: datetime) -> str:
    """Format a moment as the ledger's own writes store it, as precise as it is: 2026-11-22T10:15:30.000250+00:00."""
    return moment.isoformat()


def stored_feedback_form(moment: datetime) -> str:
    """Format a moment as SES's feedback is stored, such as 2026-11-22T10:15:30.000+00:00. The texts sort as moments."""
    return moment.isoformat(timespec="milliseconds")


def read_stored(text: str) -> datetime:
    """Read a moment from any of the stored forms, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
