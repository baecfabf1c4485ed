"""Schedules with plain values, for the tests of the schedules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from samrun.template.model.triggers import Schedule
from samrun.template.triggers.schedule_expressions import Rate

READY = datetime(2026, 11, 22, 10, 15, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULE = Schedule(
    logical_id="Every",
    service="events",
    arn="arn:aws:events:us-east-1:123456789012:rule/Every",
    target="arn:aws:lambda:us-east-1:123456789012:function:Fn",
    function="Fn",
    expression="rate(1 minute)",
    times=Rate(period=MINUTE),
)
SCHEDULE = replace(RULE, service="scheduler", arn="arn:aws:scheduler:us-east-1:123456789012:schedule/default/Every")
