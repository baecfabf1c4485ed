"""Schedules as a template declares them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from samrun.template.errors import TemplateError
from samrun.template.loader import load
from samrun.template.model.application import Application
from samrun.template.model.triggers import Schedule
from samrun.template.triggers.schedule_expressions import Rate


def _load(folder: Path, *, events: str = "{}", resources: str = "", function: str = "") -> Application:
    (folder / "src").mkdir()
    template = folder / "template.yaml"
    template.write_text(f"""
Transform: AWS::Serverless-2016-10-31
Conditions: {{No: !Equals [a, b]}}
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties: {{Runtime: python3.13, CodeUri: src, Handler: main.handler, {function} Events: {events}}}
  Queue: {{Type: AWS::SQS::Queue}}
{resources}
""")
    return load(template, parameters={}, region="us-east-1", aws="http://127.0.0.1:4566")


def _rule(properties: str, *, target: str = "Arn: !GetAtt Fn.Arn", rest: str = "") -> str:
    return f"  Rule: {{Type: AWS::Events::Rule, {rest} Properties: {{{properties}, Targets: [{{Id: a, {target}}}]}}}}"


def _schedule(properties: str, *, target: str = "Arn: !GetAtt Fn.Arn") -> str:
    return f"  Daily: {{Type: AWS::Scheduler::Schedule, Properties: {{{properties}, Target: {{{target}}}}}}}"


def test_schedule_event_of_a_function_is_a_rule_of_eventbridge(tmp_path: Path) -> None:
    application = _load(
        tmp_path, events="{Every: {Type: Schedule, Properties: {Schedule: rate(1 minute), Input: '{\"a\": 1}'}}}"
    )
    assert application.schedules == (
        Schedule(
            logical_id="FnEvery",
            service="events",
            arn="arn:aws:events:us-east-1:123456789012:rule/FnEvery",
            target="arn:aws:lambda:us-east-1:123456789012:function:Fn",
            function="Fn",
            expression="rate(1 minute)",
            times=Rate(period=timedelta(minutes=1)),
            input='{"a": 1}',
        ),
    )
    assert application.ignored == ()


def test_schedule_v2_event_of_a_function_is_a_schedule_of_scheduler(tmp_path: Path) -> None:
    application = _load(
        tmp_path,
        events="""{Every: {Type: ScheduleV2, Properties: {
            ScheduleExpression: rate(1 minutes),
            StartDate: "2026-11-22T10:00:00Z", EndDate: "2026-12-22T10:00:00"}}}""",
    )
    assert application.schedules == (
        Schedule(
            logical_id="FnEvery",
            service="scheduler",
            arn="arn:aws:scheduler:us-east-1:123456789012:schedule/default/FnEvery",
            target="arn:aws:lambda:us-east-1:123456789012:function:Fn",
            function="Fn",
            expression="rate(1 minutes)",
            times=Rate(period=timedelta(minutes=1)),
            start=datetime(2026, 11, 22, 10, tzinfo=UTC),
            end=datetime(2026, 12, 22, 10, tzinfo=UTC),
        ),
    )
    assert application.ignored == ()


def test_schedule_finds_a_function_with_an_alias(tmp_path: Path) -> None:
    events = """{
        One: {Type: Schedule, Properties: {Schedule: rate(1 minute)}},
        Two: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 minute)}}}"""
    application = _load(tmp_path, events=events, function="AutoPublishAlias: live,")
    assert [(each.logical_id, each.function) for each in application.schedules] == [("FnOne", "Fn"), ("FnTwo", "Fn")]


def test_rule_has_a_schedule_for_each_of_its_functions(tmp_path: Path) -> None:
    target = "Arn: !GetAtt Fn.Arn}, {Id: b, Arn: !GetAtt Queue.Arn}, {Id: c, Arn: !GetAtt Fn.Arn, Input: '2'"
    application = _load(tmp_path, resources=_rule("Name: hourly, ScheduleExpression: rate(1 hour)", target=target))
    assert [(each.function, each.input) for each in application.schedules] == [("Fn", None), ("Fn", "2")]
    assert {each.arn for each in application.schedules} == {"arn:aws:events:us-east-1:123456789012:rule/hourly"}
    assert application.ignored == (
        "Rule: the target arn:aws:sqs:us-east-1:123456789012:Queue, which is not a function of the template",
    )


def test_schedule_has_its_group_and_time_zone(tmp_path: Path) -> None:
    properties = (
        "Name: d, GroupName: g, ScheduleExpression: 'cron(0 12 * * ? *)', ScheduleExpressionTimezone: Asia/Tokyo"
    )
    [schedule] = _load(tmp_path, resources=_schedule(properties)).schedules
    assert schedule.arn == "arn:aws:scheduler:us-east-1:123456789012:schedule/g/d"
    assert not isinstance(schedule.times, Rate)
    assert schedule.times.after(datetime(2026, 11, 22, tzinfo=UTC)) == datetime(2026, 11, 22, 3, tzinfo=UTC)


def test_condition_decides_whether_a_schedule_runs(tmp_path: Path) -> None:
    application = _load(tmp_path, resources=_rule("ScheduleExpression: rate(1 hour)", rest="Condition: No,"))
    assert application.schedules == ()
    assert application.ignored == ()


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        (_rule("ScheduleExpression: rate(1 hour), State: DISABLED"), "Rule: it has State: DISABLED"),
        (
            _schedule("ScheduleExpression: rate(1 hour), State: DISABLED"),
            "Daily: it has State: DISABLED",
        ),
        (
            _schedule("ScheduleExpression: rate(1 hour)", target="Arn: 'arn:aws:scheduler:::aws-sdk:sqs:sendMessage'"),
            "Daily: the target arn:aws:scheduler:::aws-sdk:sqs:sendMessage, which is not a function of the template",
        ),
    ],
)
def test_schedule_that_does_not_run_is_listed(tmp_path: Path, resources: str, message: str) -> None:
    application = _load(tmp_path, resources=resources)
    assert application.schedules == ()
    assert application.ignored == (message,)


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        ("InputPath: $.a", {"input_path": "$.a"}),
        (
            "InputTransformer: {InputTemplate: '<t>', InputPathsMap: {t: $.time}}",
            {"template": "<t>", "paths": {"t": "$.time"}},
        ),
        (
            "DeadLetterConfig: {Arn: !GetAtt Queue.Arn}",
            {"dead_letter_queue": "arn:aws:sqs:us-east-1:123456789012:Queue"},
        ),
    ],
)
def test_rule_with_a_schedule_says_what_its_function_gets(
    tmp_path: Path, target: str, fields: dict[str, object]
) -> None:
    resources = _rule("ScheduleExpression: rate(1 hour)", target=f"Arn: !GetAtt Fn.Arn, {target}")
    application = _load(tmp_path, resources=resources)
    [schedule] = application.schedules
    assert {name: getattr(schedule, name) for name in fields} == fields
    assert application.ignored == ()


def test_schedule_of_scheduler_has_its_dead_letter_queue(tmp_path: Path) -> None:
    target = "Arn: !GetAtt Fn.Arn, DeadLetterConfig: {Arn: !GetAtt Queue.Arn}"
    application = _load(tmp_path, resources=_schedule("ScheduleExpression: rate(1 hour)", target=target))
    assert [each.dead_letter_queue for each in application.schedules] == ["arn:aws:sqs:us-east-1:123456789012:Queue"]
    assert application.ignored == ()


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        (_rule("ScheduleExpression: rate(5 minute)"), r"Rule has the ScheduleExpression rate\(5 minute\): EventBridge"),
        (_schedule("ScheduleExpression: 'cron(0 12 LW * ? *)'"), "Daily has the ScheduleExpression .* cannot be read"),
        (_schedule("ScheduleExpression: rate(1 hour), ScheduleExpressionTimezone: Mars/Base"), "Mars/Base, which this"),
        (_schedule("ScheduleExpression: rate(1 hour), ScheduleExpressionTimezone: ../x"), "../x, which this machine"),
        (
            _schedule("ScheduleExpression: rate(1 hour), StartDate: soon"),
            "Daily has the StartDate soon, which is not a",
        ),
        (
            _rule("ScheduleExpression: rate(1 hour)", target="Arn: !Ref Fn, Input: '{'"),
            "Rule has an Input that is not a JSON text",
        ),
        (
            _rule("ScheduleExpression: rate(1 hour)", target="Arn: !Ref Fn, Input: {a: 1}"),
            "Rule has an Input that is not a JSON text",
        ),
    ],
)
def test_error_says_why_a_schedule_cannot_run(tmp_path: Path, resources: str, message: str) -> None:
    with pytest.raises(TemplateError, match=f"template.yaml: .*{message}"):
        _load(tmp_path, resources=resources)


def test_rule_with_a_schedule_and_a_pattern_is_both(tmp_path: Path) -> None:
    application = _load(tmp_path, resources=_rule("ScheduleExpression: rate(1 hour), EventPattern: {source: [a]}"))
    assert [schedule.logical_id for schedule in application.schedules] == ["Rule"]
    assert [rule.logical_id for rule in application.event_rules] == ["Rule"]
    assert application.ignored == ()


def test_rule_with_a_pattern_alone_is_no_schedule(tmp_path: Path) -> None:
    application = _load(tmp_path, resources=_rule("EventPattern: {source: [aws.ses]}"))
    assert application.schedules == ()
    assert [rule.logical_id for rule in application.event_rules] == ["Rule"]
