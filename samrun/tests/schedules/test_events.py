"""Events that schedules send to their functions."""

import json
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from samrun.event_triggers.target_input import TransformError
from samrun.schedules.events import schedule_input, service_event
from samrun.template.model.triggers import Schedule
from support.schedules import READY, RULE, SCHEDULE


def input_of(schedule: Schedule, due: datetime) -> bytes:
    return schedule_input(schedule, service_event(schedule, due), due)


def test_event_of_a_rule_is_as_eventbridge_sends_it() -> None:
    event = json.loads(input_of(RULE, READY.astimezone(ZoneInfo("Asia/Tokyo"))))
    assert event.pop("id") != json.loads(input_of(RULE, READY))["id"]
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-11-22T10:15:07Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/Every"],
        "detail": {},
    }


def test_event_of_scheduler_has_its_own_source_and_a_string_as_detail() -> None:
    event = json.loads(input_of(SCHEDULE, READY))
    assert (event["source"], event["detail"]) == ("aws.scheduler", "{}")
    assert event["resources"] == [SCHEDULE.arn]


def test_input_of_a_rule_is_sent_unchanged() -> None:
    text = '{"at": "<aws.scheduler.scheduled-time>", "name": "Zoë"}'
    assert input_of(replace(RULE, input=text), READY) == text.encode()


def test_function_of_a_rule_gets_a_part_or_a_transformation_of_the_event() -> None:
    assert json.loads(input_of(replace(RULE, input_path="$.resources[0]"), READY)) == RULE.arn
    template = '{"rule": <aws.events.rule-name>, "at": <at>}'
    transformed = replace(RULE, template=template, paths={"at": "$.time"})
    assert json.loads(input_of(transformed, READY)) == {"rule": "Every", "at": "2026-11-22T10:15:07Z"}


def test_template_of_a_rule_that_makes_no_json_is_an_error() -> None:
    with pytest.raises(TransformError, match="is not JSON"):
        input_of(replace(RULE, template="<nothing>"), READY)


def test_input_of_scheduler_has_its_context_attributes_replaced() -> None:
    names = ("schedule-arn", "scheduled-time", "execution-id", "attempt-number")
    text = json.dumps({name: f"<aws.scheduler.{name}>" for name in names} | {"other": "<aws.scheduler.other>"})
    sent = json.loads(input_of(replace(SCHEDULE, input=text), READY))
    repeated = json.loads(input_of(replace(SCHEDULE, input=text), READY))
    assert sent.pop("execution-id") != repeated.pop("execution-id")
    assert sent == {
        "schedule-arn": SCHEDULE.arn,
        "scheduled-time": "2026-11-22T10:15:07Z",
        "attempt-number": "1",
        "other": "<aws.scheduler.other>",
    }
