"""Rules of a template that wait for events."""

from pathlib import Path

import pytest

from samrun.filtering.filter_pattern import FilterPattern
from samrun.template.errors import TemplateError
from samrun.template.model.application import Application
from samrun.template.model.triggers import EventTarget
from support.templates import FUNCTION, load_template

FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:Fn"


def load(tmp_path: Path, properties: str, *targets: str) -> Application:
    rule = f"{{Type: AWS::Events::Rule, Properties: {{{properties}, Targets: [{', '.join(targets)}]}}}}"
    resources = f"\n  Fn:{FUNCTION}\n  Jobs: {{Type: AWS::SQS::Queue}}\n  Rule: {rule}\n"
    bus = "  Bus: {Type: AWS::Events::EventBus, Properties: {Name: orders}}\n"
    return load_template(tmp_path, resources + bus)


def test_rule_is_read_with_its_targets(tmp_path: Path) -> None:
    application = load(
        tmp_path,
        "EventPattern: {source: [shop]}",
        "{Arn: !GetAtt Fn.Arn, Id: a, InputPath: $.detail}",
        "{Arn: !GetAtt Fn.Arn, Id: b, InputTransformer: {InputPathsMap: {x: $.id}, InputTemplate: '<x>'}}",
        "{Arn: !GetAtt Jobs.Arn, Id: c, Input: '{}', SqsParameters: {MessageGroupId: g}}",
    )
    [rule] = application.event_rules
    assert (rule.bus, rule.name) == ("default", "Rule")
    assert rule.arn == "arn:aws:events:us-east-1:123456789012:rule/Rule"
    assert rule.pattern == FilterPattern.of_rule({"source": ["shop"]})
    assert rule.targets == (
        EventTarget(arn=FUNCTION_ARN, function="Fn", input_path="$.detail"),
        EventTarget(arn=FUNCTION_ARN, function="Fn", template="<x>", paths={"x": "$.id"}),
        EventTarget(
            arn="arn:aws:sqs:us-east-1:123456789012:Jobs", function=None, input="{}", paths={}, message_group="g"
        ),
    )
    assert application.ignored == ()


@pytest.mark.parametrize("bus", ["orders", "!Ref Bus", "!GetAtt Bus.Arn"])
def test_rule_of_a_custom_bus_knows_it_by_name(tmp_path: Path, bus: str) -> None:
    [rule] = load(
        tmp_path, f"Name: placed, EventBusName: {bus}, EventPattern: {{source: [a]}}", "{Arn: !GetAtt Fn.Arn, Id: a}"
    ).event_rules
    assert (rule.bus, rule.name) == ("orders", "placed")
    assert rule.arn == "arn:aws:events:us-east-1:123456789012:rule/orders/placed"


def test_disabled_rule_is_listed(tmp_path: Path) -> None:
    application = load(tmp_path, "State: DISABLED, EventPattern: {source: [a]}", "{Arn: !GetAtt Fn.Arn, Id: a}")
    assert application.event_rules == ()
    assert application.ignored == ("Rule: it has State: DISABLED",)


def test_target_that_is_not_run_is_listed(tmp_path: Path) -> None:
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
    application = load(
        tmp_path, "EventPattern: {source: [a]}", f"{{Arn: '{machine}', Id: a}}", "{Arn: !GetAtt Fn.Arn, Id: b}"
    )
    assert [target.function for target in application.event_rules[0].targets] == ["Fn"]
    assert application.ignored == (f"Rule: the target {machine}, which is not a function of the template",)


@pytest.mark.parametrize(
    ("properties", "target", "message"),
    [
        (
            "EventPattern: {source: a}",
            "{Arn: !GetAtt Fn.Arn, Id: a}",
            "AWS refuses the EventPattern of Rule: source is",
        ),
        ("EventPattern: '{'", "{Arn: !GetAtt Fn.Arn, Id: a}", "AWS refuses the EventPattern of Rule"),
        ("EventPattern: {source: [a]}", "{Arn: !GetAtt Fn.Arn, Id: a, Input: text}", "Rule has an Input that is not"),
    ],
)
def test_rule_that_aws_refuses_is_refused(tmp_path: Path, properties: str, target: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        load(tmp_path, properties, target)
