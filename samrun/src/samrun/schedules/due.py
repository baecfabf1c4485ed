"""Due times of a schedule."""

from datetime import datetime, timedelta

from samrun.template.model.triggers import Schedule
from samrun.template.triggers.schedule_expressions import At, Cron, Rate

_INSTANT = timedelta(microseconds=1)


def next_due(schedule: Schedule, *, after: datetime, since: datetime) -> datetime | None:
    """Return the first time after `after` when the schedule is due, or None if there is none.

    `since` is the time when the stack was ready: a rate without a start counts from it.
    """
    start, due = schedule.start, None
    match schedule.times:
        case At() as at:
            return at.after(after)  # EventBridge Scheduler ignores start and end of a one-time schedule
        case Rate() as rate:
            due = rate.after(after, since=since) if start is None else max(start, rate.after(after, since=start))
        case Cron() as cron:
            due = cron.after(after if start is None else max(after, start - _INSTANT))
    return None if due is None or (schedule.end is not None and due > schedule.end) else due
