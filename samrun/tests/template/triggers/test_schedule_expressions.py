"""Times of AWS's schedule expressions."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from samrun.template.triggers.schedule_expressions import At, Cron, ExpressionError, Rate, Service, parse_expression

BERLIN = ZoneInfo("Europe/Berlin")
SUNDAY = datetime(2026, 11, 22, 10, 15, 7, tzinfo=UTC)


def _cron(expression: str, timezone: ZoneInfo | None = None) -> Cron:
    times = parse_expression(expression, service="scheduler", timezone=timezone or ZoneInfo("UTC"))
    assert isinstance(times, Cron)
    return times


def _next(expression: str, count: int, *, after: datetime = SUNDAY, timezone: ZoneInfo | None = None) -> list[str]:
    """Return the next times in UTC."""
    cron, found = _cron(expression, timezone), []
    for _ in range(count):
        following = cron.after(after)
        assert following is not None
        after = following
        found.append(f"{after:%Y-%m-%d %H:%M:%S}")
    return found


@pytest.mark.parametrize(
    ("expression", "period"),
    [
        ("rate(1 minute)", timedelta(minutes=1)),
        ("rate(5 minutes)", timedelta(minutes=5)),
        ("rate(1 hour)", timedelta(hours=1)),
        ("rate(7 days)", timedelta(days=7)),
    ],
)
@pytest.mark.parametrize("service", ["events", "scheduler"])
def test_rate_has_a_period(expression: str, period: timedelta, service: Service) -> None:
    assert parse_expression(expression, service=service, timezone=BERLIN) == Rate(period=period)


def test_rate_is_due_at_whole_periods_only() -> None:
    rate = Rate(period=timedelta(minutes=5))
    for late in (0, 1, 299.999):
        moment = SUNDAY + timedelta(minutes=10, seconds=late)
        assert rate.after(moment, since=SUNDAY) == SUNDAY + timedelta(minutes=15)


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("cron(0, 12, *, *, ?, *)", ["2026-11-22 12:00:00", "2026-11-23 12:00:00"]),
        ("cron(0 12 * * ? *)", ["2026-11-22 12:00:00", "2026-11-23 12:00:00"]),
        ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-11-23 08:00:00", "2026-11-23 08:05:00"]),
        ("cron(1/10 * * * ? *)", ["2026-11-22 10:21:00", "2026-11-22 10:31:00"]),
        ("cron(15 10 ? * 6L 2026-2027)", ["2026-11-27 10:15:00", "2026-12-25 10:15:00"]),
        ("cron(0 9 ? * 2#1 *)", ["2026-12-07 09:00:00", "2027-01-04 09:00:00"]),
        ("cron(0 9 ? * TUE#2 *)", ["2026-12-08 09:00:00", "2027-01-12 09:00:00"]),
        ("cron(0 0 ? * 1 *)", ["2026-11-29 00:00:00", "2026-12-06 00:00:00"]),
        ("cron(0 0 ? * SUN *)", ["2026-11-29 00:00:00", "2026-12-06 00:00:00"]),
        ("cron(0 0 ? * 2-6 *)", ["2026-11-23 00:00:00", "2026-11-24 00:00:00"]),
        ("cron(0 0 ? * L *)", ["2026-11-28 00:00:00", "2026-12-05 00:00:00"]),
        ("cron(0 0 L * ? *)", ["2026-11-30 00:00:00", "2026-12-31 00:00:00"]),
        # 1 August 2026 is a Saturday.
        ("cron(0 0 1W AUG ? *)", ["2027-08-02 00:00:00", "2028-08-01 00:00:00"]),
        ("cron(0 18 1 JAN,jul ? *)", ["2027-01-01 18:00:00", "2027-07-01 18:00:00"]),
    ],
)
def test_cron_is_read_as_aws_writes_it(expression: str, times: list[str]) -> None:
    assert _next(expression, 2) == times


def test_cron_is_due_after_its_own_time_and_not_at_it() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert _cron("cron(0 12 * * ? *)").after(noon) == noon + timedelta(days=1)


def test_cron_follows_the_clock_of_its_time_zone() -> None:
    summer = datetime(2026, 10, 24, 0, 0, tzinfo=UTC)
    assert _next("cron(0 12 * * ? *)", 2, after=summer, timezone=BERLIN) == [
        "2026-10-24 10:00:00",
        "2026-10-25 11:00:00",
    ]


def test_cron_skips_a_time_that_daylight_saving_skips() -> None:
    before = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    assert _next("cron(30 2 * * ? *)", 1, after=before, timezone=BERLIN) == ["2026-03-30 00:30:00"]


def test_cron_is_due_once_at_a_time_that_the_end_of_daylight_saving_repeats() -> None:
    before = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
    assert _next("cron(30 2 * * ? *)", 2, after=before, timezone=BERLIN) == [
        "2026-10-25 00:30:00",
        "2026-10-26 01:30:00",
    ]


def test_cron_moves_on_from_the_repeated_hour() -> None:
    in_the_second_run = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert _next("cron(* * * * ? *)", 1, after=in_the_second_run, timezone=BERLIN) == ["2026-10-25 02:00:00"]


@pytest.mark.parametrize("expression", ["cron(0 0 1 1 ? 2020)", "cron(0 0 31 2 ? *)"])
def test_cron_may_never_be_due(expression: str) -> None:
    assert _cron(expression).after(SUNDAY) is None


def test_at_is_due_once_in_its_time_zone() -> None:
    at = parse_expression("at(2026-11-22T12:00:00)", service="scheduler", timezone=BERLIN)
    assert at == At(time=datetime(2026, 11, 22, 11, tzinfo=UTC))
    assert at.after(SUNDAY) == at.time
    assert at.after(at.time) is None


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("every minute", "none of the forms"),
        ("rate(0 minutes)", "none of the forms"),
        ("rate(5 seconds)", "none of the forms"),
        ("rate(99999999 days)", "none of the forms"),
        ("at(2026-11-22)", "none of the forms"),
        ("at(2026-02-30T12:00:00)", "is not a time"),
        ("cron(* * * * *)", "six fields .*not 5"),
        ("cron(0 12 * * * *)", r"exactly one of .* must be \?"),
        ("cron(0 12 ? * ? *)", r"exactly one of .* must be \?"),
        ("cron(H 12 * * ? *)", "H cannot be its minutes"),
        ("cron(0 12 0 * ? *)", "0 cannot be its day of month"),
        ("cron(0 12 ? * 8 *)", "8 cannot be its day of week"),
        ("cron(0 12 ? SUN * *)", "SUN cannot be its month"),
        ("cron(60 12 * * ? *)", "cannot be read"),
        ("cron(0 24 * * ? *)", "cannot be read"),
        ("cron(0 12 LW * ? *)", "cannot be read"),
        ("cron(0 12 L-3 * ? *)", "cannot be read"),
        ("cron(*/0 12 * * ? *)", "cannot be read"),
        ("cron(0 12 * * ? 2150)", "cannot be read"),
    ],
)
def test_error_says_what_is_wrong_with_an_expression(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        parse_expression(expression, service="scheduler", timezone=BERLIN)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("rate(5 minute)", r"only rate\(5 minutes\)"),
        ("rate(1 hours)", r"only rate\(1 hour\)"),
        ("at(2026-11-22T12:00:00)", "none of the forms"),
    ],
)
def test_rule_accepts_fewer_forms_than_scheduler(expression: str, message: str) -> None:
    parse_expression(expression, service="scheduler", timezone=BERLIN)
    with pytest.raises(ExpressionError, match=message):
        parse_expression(expression, service="events", timezone=BERLIN)
