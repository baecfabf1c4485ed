"""Schedule expressions: rate(…), cron(…) and at(…).

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html has those of rules,
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html those of EventBridge Scheduler.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, CroniterError, croniter

Service = Literal["events", "scheduler"]
"""Whose expression it is: a rule of EventBridge's or a schedule of EventBridge Scheduler's."""

_RATE = re.compile(r"rate\(\s*([1-9]\d{0,5})\s+(minute|hour|day)(s?)\s*\)")
_CRON = re.compile(r"cron\((.*)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_DAYS = "SUN|MON|TUE|WED|THU|FRI|SAT"
# What each field may be made of; whether that makes sense is left to croniter.
_CRON_FIELDS = {
    "minutes": r"[\d*,/-]+",
    "hours": r"[\d*,/-]+",
    "day of month": r"\?|([1-9]\d?|[*,/LW-])+",
    "month": rf"([1-9]\d?|{_MONTHS}|[*,/-])+",
    "day of week": rf"\?|([1-7]|{_DAYS}|[*,/#L-])+",
    "year": r"[\d*,/-]+",
}
_FORMS = {
    "events": "rate(5 minutes) or cron(0 12 * * ? *)",
    "scheduler": "rate(5 minutes), cron(0 12 * * ? *) or at(2030-01-31T12:00:00)",
}


class ExpressionError(Exception):
    """It is no schedule expression; the message says what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """At regular intervals."""

    period: timedelta

    def after(self, moment: datetime, *, since: datetime) -> datetime:
        """Return the first time after `moment`, of those that are whole periods from `since`."""
        return since + ((moment - since) // self.period + 1) * self.period


@dataclass(frozen=True, kw_only=True)
class Cron:
    """At the times that a clock and a calendar show. `fields` are croniter's: minute … day of week, second, year."""

    fields: str
    timezone: ZoneInfo

    def after(self, moment: datetime) -> datetime | None:
        """Return the first time after `moment`, in UTC; None if there is none.

        A time that the change to daylight saving time leaves out is left out, and one that the change back
        repeats counts once, as in EventBridge Scheduler.
        """
        # On the clock of the wall: croniter's own view of time zones moves what is left out to the next hour.
        times = croniter(self.fields, moment.astimezone(self.timezone).replace(tzinfo=None), ret_type=datetime)
        try:
            while True:
                shown = times.get_next()
                time = shown.replace(tzinfo=self.timezone).astimezone(UTC)
                if time > moment and time.astimezone(self.timezone).replace(tzinfo=None) == shown:
                    return time
        except CroniterBadDateError:
            return None


@dataclass(frozen=True, kw_only=True)
class At:
    """Once."""

    time: datetime

    def after(self, moment: datetime) -> datetime | None:
        """Return the time if it is after `moment`."""
        return self.time if self.time > moment else None


Times = Rate | Cron | At


def parse(expression: str, *, service: Service, timezone: ZoneInfo) -> Times:
    """Return the times that an expression stands for. Raises ExpressionError."""
    if match := _RATE.fullmatch(expression):
        return _rate(int(match[1]), match[2], match[3], service)
    if match := _CRON.fullmatch(expression):
        return Cron(fields=_croniters_fields(match[1].upper().split()), timezone=timezone)
    if service == "scheduler" and (match := _AT.fullmatch(expression)):
        return At(time=_time(match[1]).replace(tzinfo=timezone).astimezone(UTC))
    raise ExpressionError(f"it has none of the forms {_FORMS[service]}")


def _rate(number: int, unit: str, plural: str, service: Service) -> Rate:
    # EventBridge Scheduler takes either.
    if service == "events" and (number == 1) == bool(plural):
        raise ExpressionError(f"EventBridge takes only rate({number} {unit}{'' if number == 1 else 's'})")
    return Rate(period=timedelta(**{f"{unit}s": number}))


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ExpressionError(f"it is no time: {error}") from None


def _croniters_fields(fields: list[str]) -> str:
    if len(fields) != len(_CRON_FIELDS):
        raise ExpressionError(f"cron has six fields ({', '.join(_CRON_FIELDS)}), and not {len(fields)}")
    for (name, pattern), field in zip(_CRON_FIELDS.items(), fields, strict=True):
        if not re.fullmatch(pattern, field):
            raise ExpressionError(f"{field} cannot be its {name}")
    minutes, hours, day_of_month, month, day_of_week, year = fields
    if (day_of_month == "?") == (day_of_week == "?"):
        raise ExpressionError("either its day of month or its day of week must be ?, and not both")
    translated = " ".join(
        (minutes, hours, day_of_month.replace("?", "*"), month, _croniters_day_of_week(day_of_week), "0", year)
    )
    try:
        croniter(translated)
    except CroniterError as error:
        raise ExpressionError(f"it cannot be read: {error}") from None
    return translated


def _croniters_day_of_week(field: str) -> str:
    """Return it with Sunday as 0 and not as 1, and the last Friday as L5 and not as 6L."""
    if field == "?":
        return "*"
    days = _DAYS.split("|")
    field = re.sub(_DAYS, lambda name: str(days.index(name[0]) + 1), field)
    field = re.sub(r"(?<!\d)L", "7", field)  # alone, it is the last day of the week
    field = re.sub(r"(?<![#/])\d", lambda number: str(int(number[0]) - 1), field)
    return re.sub(r"(\d)L", r"L\1", field)
