"""Due times of schedules."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from samrun.schedules.due import next_due
from samrun.template.model.triggers import Schedule
from samrun.template.triggers.schedule_expressions import At, Cron
from support.schedules import MINUTE, READY, SCHEDULE


def _minutes(*numbers: int) -> list[timedelta]:
    return [number * MINUTE for number in numbers]


def _due(schedule: Schedule, *, after: datetime, count: int = 3) -> list[timedelta]:
    """Return the next due times, as durations since READY."""
    found: list[timedelta] = []
    while len(found) < count and (due := next_due(schedule, after=after, since=READY)):
        found.append(due - READY)
        after = due
    return found


def test_rate_with_a_start_counts_from_its_start() -> None:
    later = replace(SCHEDULE, start=READY + 90 * MINUTE)
    assert _due(later, after=READY) == _minutes(90, 91, 92)
    long_ago = replace(SCHEDULE, start=READY - 90.25 * MINUTE)
    assert _due(long_ago, after=READY) == [0.75 * MINUTE, 1.75 * MINUTE, 2.75 * MINUTE]


def test_schedule_is_not_due_after_its_end() -> None:
    assert _due(replace(SCHEDULE, end=READY + 2 * MINUTE), after=READY) == _minutes(1, 2)


def test_cron_is_due_from_its_start_on() -> None:
    cron = Cron(fields="* * * * * 0 *", timezone=ZoneInfo("UTC"))
    start = READY.replace(second=0) + 10 * MINUTE
    schedule = replace(SCHEDULE, times=cron, start=start, end=start + MINUTE)
    assert _due(schedule, after=READY) == [start - READY, start - READY + MINUTE]


def test_single_time_ignores_start_and_end() -> None:
    once = replace(SCHEDULE, times=At(time=READY + MINUTE), start=READY + 2 * MINUTE, end=READY)
    assert _due(once, after=READY) == _minutes(1)
