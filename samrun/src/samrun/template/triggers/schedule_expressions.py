"""Schedule expressions: rate(…), cron(…) and at(…).

Of rules: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
Of EventBridge Scheduler: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, CroniterError, croniter

from samrun.template.errors import TemplateError

Service = Literal["events", "scheduler"]
"""Service that reads the expression: EventBridge (rules) or EventBridge Scheduler."""

_RATE = re.compile(r"rate\(\s*([1-9]\d{0,5})\s+(minute|hour|day)(s?)\s*\)")
_CRON = re.compile(r"cron\((.*)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_DAYS = "SUN|MON|TUE|WED|THU|FRI|SAT"
# The characters that each field may have. croniter checks the values.
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


class ExpressionError(TemplateError):
    """A text is not a schedule expression; the message says what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Times at regular intervals."""

    period: timedelta

    def after(self, moment: datetime, *, since: datetime) -> datetime:
        """Return the first time after `moment` that is a whole number of periods after `since`."""
        return since + ((moment - since) // self.period + 1) * self.period


@dataclass(frozen=True, kw_only=True)
class Cron:
    """Times on a clock and a calendar. `fields` are croniter's: minute … day of week, second, year."""

    fields: str
    timezone: ZoneInfo

    def after(self, moment: datetime) -> datetime | None:
        """Return the first time after `moment`, in UTC, or None if there is none.

        As in EventBridge Scheduler, a time that the change to daylight saving time skips is skipped, and a time
        that the change back repeats counts once.
        """
        # Local time without a zone: with a zone, croniter would move a skipped time to the next hour.
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
    """One single time."""

    time: datetime

    def after(self, moment: datetime) -> datetime | None:
        """Return the time if it is after `moment`."""
        return self.time if self.time > moment else None


Times = Rate | Cron | At


def parse_expression(expression: str, *, service: Service, timezone: ZoneInfo) -> Times:
    """Return the times that an expression describes. Raises ExpressionError."""
    if match := _RATE.fullmatch(expression):
        return _rate(int(match[1]), match[2], match[3], service)
    if match := _CRON.fullmatch(expression):
        # A comma at the end of a field stands for nothing: a template that AWS publishes has cron(5, 0, 1, *, ?, *).
        fields = [field.rstrip(",") for field in match[1].upper().split()]
        return Cron(fields=_croniters_fields(fields), timezone=timezone)
    if service == "scheduler" and (match := _AT.fullmatch(expression)):
        return At(time=_time(match[1]).replace(tzinfo=timezone).astimezone(UTC))
    raise ExpressionError(f"it has none of the forms {_FORMS[service]}")


def _rate(number: int, unit: str, plural: str, service: Service) -> Rate:
    # EventBridge Scheduler accepts singular and plural for every number.
    if service == "events" and (number == 1) == bool(plural):
        raise ExpressionError(f"EventBridge takes only rate({number} {unit}{'' if number == 1 else 's'})")
    return Rate(period=timedelta(**{f"{unit}s": number}))


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ExpressionError(f"it is not a time: {error}") from None


def _croniters_fields(fields: list[str]) -> str:
    if len(fields) != len(_CRON_FIELDS):
        raise ExpressionError(f"cron has six fields ({', '.join(_CRON_FIELDS)}), not {len(fields)}")
    for (name, pattern), field in zip(_CRON_FIELDS.items(), fields, strict=True):
        if not re.fullmatch(pattern, field):
            raise ExpressionError(f"{field} cannot be its {name}")
    minutes, hours, day_of_month, month, day_of_week, year = fields
    if (day_of_month == "?") == (day_of_week == "?"):
        raise ExpressionError("exactly one of its day of month and its day of week must be ?")
    translated = " ".join(
        (minutes, hours, day_of_month.replace("?", "*"), month, _croniters_day_of_week(day_of_week), "0", year)
    )
    try:
        croniter(translated)
    except CroniterError as error:
        raise ExpressionError(f"it cannot be read: {error}") from None
    return translated


def _croniters_day_of_week(field: str) -> str:
    """Return the field in croniter's form: Sunday is 0 instead of 1, and the last Friday L5 instead of 6L."""
    if field == "?":
        return "*"
    days = _DAYS.split("|")
    field = re.sub(_DAYS, lambda name: str(days.index(name[0]) + 1), field)
    field = re.sub(r"(?<!\d)L", "7", field)  # an L alone means the last day of the week
    field = re.sub(r"(?<![#/])\d", lambda number: str(int(number[0]) - 1), field)
    return re.sub(r"(\d)L", r"L\1", field)
