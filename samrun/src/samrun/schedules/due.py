"""When a schedule is due."""

from datetime import datetime, timedelta

from local.model import Schedule
from local.schedules.expressions import At, Cron, Rate

_INSTANT = timedelta(microseconds=1)


def next_due(schedule: Schedule, *, after: datetime, ready: datetime) -> datetime | None:
    """Return the first time after `after` that the schedule is due; None if it never is again.

    `ready` is when the stack was: a rate without a start counts from it.
    """
    start, due = schedule.start, None
    match schedule.times:
        case At() as at:
            return at.after(after)  # EventBridge Scheduler heeds no start and no end of a single time
        case Rate() as rate:
            due = rate.after(after, since=ready) if start is None else max(start, rate.after(after, since=start))
        case Cron() as cron:
            due = cron.after(after if start is None else max(after, start - _INSTANT))
    return None if due is None or (schedule.end is not None and due > schedule.end) else due
