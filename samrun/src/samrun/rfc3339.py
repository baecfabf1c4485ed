"""RFC 3339 timestamps, such as 2026-11-22T10:15:30Z."""

from datetime import UTC, datetime, timedelta
from typing import Literal

# The Gregorian calendar repeats after 400 years. datetime has the years 1 to 9999 only.
_PERIOD_YEARS, _PERIOD_DAYS = 400, 146_097
_START = datetime(2000, 1, 1, tzinfo=UTC)


def rfc3339(moment: datetime, timespec: Literal["auto", "seconds", "milliseconds"] = "auto") -> str:
    """Return an aware datetime as a timestamp that keeps its offset; UTC is written as Z.

    `auto` shows microseconds if there are any.
    """
    return moment.isoformat(timespec=timespec).replace("+00:00", "Z")


def instant(milliseconds: int) -> str:
    """Return Unix milliseconds, any number of 64 bits, as a timestamp with milliseconds.

    A year outside of 0 to 9999 has a sign, as Java writes it (java.time.Instant), which AWS's pollers run on.
    """
    since_start = milliseconds - int(_START.timestamp()) * 1000
    periods, rest = divmod(since_start, _PERIOD_DAYS * 86_400_000)
    moment = _START + timedelta(milliseconds=rest)
    year = moment.year + periods * _PERIOD_YEARS
    written = f"{year:04d}" if 0 <= year <= 9999 else f"{year:+05d}"
    return written + rfc3339(moment, "milliseconds")[4:]
