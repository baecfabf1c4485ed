"""Choice of an offset in each partition of a topic: the earliest, the latest, that of a time, or a number."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

_AGE = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

FORMS = "a time such as 2026-11-30T09:00:00Z, an age such as 15m (s, m, h, d), or an offset"


@dataclass(frozen=True, kw_only=True)
class OffsetChoice:
    """Choice of an offset. `milliseconds` is Unix time, for the kind time; `offset` is for the kind offset."""

    kind: Literal["earliest", "latest", "time", "offset"]
    milliseconds: int = 0
    offset: int = 0


EARLIEST = OffsetChoice(kind="earliest")
LATEST = OffsetChoice(kind="latest")


def time_or_offset(text: str, *, now: datetime) -> OffsetChoice | None:
    """Return the choice that a text stands for, in one of FORMS; None if it has none of them.

    A time without a zone is one of this machine's zone; an age is one before `now`.
    """
    if text.isdecimal():
        return OffsetChoice(kind="offset", offset=int(text))
    try:
        if age := _AGE.fullmatch(text):
            moment = now - timedelta(**{_UNITS[age[2]]: int(age[1])})
        else:
            moment = datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        return None
    return OffsetChoice(kind="time", milliseconds=int(moment.timestamp() * 1000))
