"""State machines of a template: their definitions, and the tasks that do not run."""

import json
from pathlib import Path
from typing import Any

import pytest

from samrun.template.errors import TemplateError
from samrun.template.model.application import Application
from support.templates import FUNCTION, load_template

MACHINE = "AWS::StepFunctions::StateMachine"


def _definition(application: Application) -> Any:
    [machine] = [each for each in application.resources if each.type == MACHINE]
    return json.loads(machine.properties["DefinitionString"])


@pytest.mark.parametrize(
    "text",
    [
        (
            '{"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": "${Fn}",'
            ' "TimeoutSeconds": ${Wait}, "End": true}}}'
        ),
        "StartAt: Ask\nStates: {Ask: {Type: Task, Resource: '${Fn}', TimeoutSeconds: ${Wait}, End: true}}",
    ],
)  # fmt: skip
def test_file_of_a_definition_is_read_with_its_substitutions(tmp_path: Path, text: str) -> None:
    (tmp_path / "ask.asl").write_text(text)
    application = load_template(
        tmp_path,
        f"""
  Fn:{FUNCTION}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: ask.asl
      DefinitionSubstitutions: {{Fn: !GetAtt Fn.Arn, Wait: 3}}
      Events: {{Often: {{Type: Schedule, Properties: {{Schedule: rate(1 minute)}}}}}}
""",
    )
    arn = "arn:aws:lambda:us-east-1:123456789012:function:Fn"
    assert _definition(application) == {
        "StartAt": "Ask",
        "States": {"Ask": {"Type": "Task", "Resource": arn, "TimeoutSeconds": 3, "End": True}},
    }
    [schedule] = application.schedules
    assert (schedule.function, schedule.target.rpartition(":")[2]) == (None, "Machine")
    assert (application.ignored, application.missing_triggers) == ((), ())


def test_definition_in_the_template_is_that_of_its_rule(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        """
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Type: EXPRESS
      Role: arn:aws:iam::123456789012:role/machine
      Definition: {StartAt: Wait, States: {Wait: {Type: Pass, End: true}}}
      Events: {Made: {Type: EventBridgeRule, Properties: {Pattern: {source: [shop]}}}}
""",
    )
    assert _definition(application)["States"] == {"Wait": {"Type": "Pass", "End": True}}
    [rule] = application.event_rules
    assert [target.arn for target in rule.targets] == ["arn:aws:states:us-east-1:123456789012:stateMachine:Machine"]
    assert application.ignored == ()


NOT_DONE = "Machine: the task {}, which is not done: moto imitates its answer, or refuses it"
CONTAINER, SCHEDULE = "arn:aws:states:::ecs:runTask.sync", "arn:aws:states:::aws-sdk:scheduler:createSchedule"


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        (
            "DefinitionS3Location: {Bucket: b, Key: k}",
            "Machine: its definition is in S3. Give it a local path in its DefinitionUri",
        ),
        (
            'DefinitionString: \'{"QueryLanguage": "JSONata", "States": {}}\'',
            "Machine: it has states in JSONata, which moto does not run",
        ),
        (f"Definition: {{States: {{Run: {{Type: Task, Resource: '{CONTAINER}'}}}}}}", NOT_DONE.format(CONTAINER)),
        (f"Definition: {{States: {{Run: {{Type: Task, Resource: '{SCHEDULE}'}}}}}}", NOT_DONE.format(SCHEDULE)),
    ],
)
def test_part_of_a_state_machine_that_does_not_run_is_named(tmp_path: Path, properties: str, text: str) -> None:
    resources = f"\n  Machine: {{Type: {MACHINE}, Properties: {{RoleArn: r, {properties}}}}}\n"
    assert load_template(tmp_path, resources).ignored == (text,)


def test_definition_that_is_neither_json_nor_yaml_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"States": [')
    machine = "{Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: broken.json, Role: r}}"
    with pytest.raises(TemplateError, match="the definition of Machine is neither JSON nor YAML"):
        load_template(tmp_path, f"\n  Machine: {machine}\n")
