"""Timestamps: RFC 3339, as events have them, as the API returns them and as the ledger stores them.

The stored forms never change: DynamoDB compares `feedback` as text, and both forms stand in items that exist.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

OUT_OF_RANGE: Final = "datetime_out_of_range"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _timestamp(value: Any) -> Any:
    # Pydantic would also read numbers, and strings of digits, as seconds since 1970.
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE.match(value)):
        return value
    raise PydanticCustomError("datetime_from_date_parsing", "a time is not a timestamp of RFC 3339")


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # such as 9999-12-31T23:59:59-14:00
        raise PydanticCustomError(OUT_OF_RANGE, "a time is before the year 1 or after 9999 in UTC") from None


Moment = Annotated[AwareDatetime, BeforeValidator(_timestamp), AfterValidator(_in_utc)]
"""A moment as events have it, in UTC: one reader for all fields.

RFC 3339 allows lower case, too: 2026-11-22t10:15:30z.
"""


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
