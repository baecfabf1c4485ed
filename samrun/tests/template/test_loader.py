"""Loading a whole template: its file, its parameters, its conditions."""

from pathlib import Path

import pytest

from samrun.template.errors import TemplateError
from samrun.template.loader import load
from support.templates import FUNCTION, load_template


def test_condition_decides_which_resources_exist(tmp_path: Path) -> None:
    resources = """
  One: {Type: AWS::SQS::Queue, Condition: IsOne}
  Two: {Type: AWS::SQS::Queue, Condition: IsTwo}
"""
    rest = """
    Parameters: {Which: {Type: String, Default: one}}
    Conditions:
      IsOne: !Equals [!Ref Which, one]
      IsTwo: !Not [!Condition IsOne]
    """
    assert [each.logical_id for each in load_template(tmp_path, resources, rest=rest).resources] == ["One"]
    assert [each.logical_id for each in load_template(tmp_path, resources, {"Which": "two"}, rest).resources] == ["Two"]


@pytest.mark.parametrize(
    ("parameter", "value", "found"),
    [
        ("{Type: String, Default: true, AllowedValues: [true, false]}", "!Ref P", "true"),
        ("{Type: String, Default: false}", "!Sub '${P}'", "false"),
        ("{Type: String, Default: false}", "!Join ['', [a, !Ref P, true, 1]]", "afalsetrue1"),
        ("{Type: Number, Default: 1}", "!If [IsOne, one, other]", "one"),
        ("{Type: String, Default: '1'}", "!If [IsOne, one, other]", "one"),
        ("{Type: String, Default: 2024-01-01, AllowedPattern: '[0-9-]+'}", "!Ref P", "2024-01-01"),
        ("{Type: String, Default: x}", "!FindInMap [Accounts, !Ref 'AWS::AccountId', name]", "own"),
        ("{Type: String, Default: x}", "!If [IsOn, on, off]", "true"),
    ],
)
def test_scalars_are_texts_as_in_cloudformation(tmp_path: Path, parameter: str, value: str, found: str) -> None:
    rest = f"""
    Parameters: {{P: {parameter}}}
    Conditions: {{IsOne: !Equals [!Ref P, 1], IsOn: !Equals [!FindInMap [Accounts, '123456789012', now], true]}}
    Mappings: {{Accounts: {{123456789012: {{name: own, now: true}}}}}}
    """
    function = f"\n  Fn:{FUNCTION}      Environment: {{Variables: {{X: {value}}}}}\n"
    [loaded] = load_template(tmp_path, function, rest=rest).functions
    assert loaded.environment == {"X": found}


def test_default_without_a_value_is_none(tmp_path: Path) -> None:
    """AWS refuses it."""
    rest = "Parameters: {P: {Type: String, Default: }}"
    with pytest.raises(TemplateError, match="no value for P"):
        load_template(tmp_path, "\n  Jobs: {Type: AWS::SQS::Queue}\n", rest=rest)


def test_condition_is_a_function_in_conditions_alone(tmp_path: Path) -> None:
    resources = f"""
  Fn:{FUNCTION}
      Events:
        Rule: {{Type: EventBridgeRule, Properties: {{Pattern: {{source: [a], detail: {{Condition: [used]}}}}}}}}
        Mail: {{Type: SNS, Properties: {{Topic: !Ref Topic, FilterPolicy: {{Condition: [used]}}}}}}
  Topic: {{Type: AWS::SNS::Topic}}
"""
    application = load_template(tmp_path, resources)
    assert [each.logical_id for each in application.event_rules] == ["FnRule"]
    policies = [each.properties.get("FilterPolicy") for each in application.resources]
    assert {"Condition": ["used"]} in policies


def test_loop_may_name_the_resources_of_another(tmp_path: Path) -> None:
    resources = """
  Fn::ForEach::Functions:
    - Name
    - [Alpha, Beta]
    - ${Name}Function:
        Type: AWS::Serverless::Function
        Properties:
          Runtime: python3.13
          CodeUri: src
          Handler: main.handler
          Environment:
            Variables:
              QUEUE: !GetAtt [!Sub "Q${Name}", QueueName]
              URL: !Ref {"Fn::Sub": "Q${Name}"}
  Fn::ForEach::Queues:
    - Name
    - [Alpha, Beta]
    - Q${Name}: {Type: AWS::SQS::Queue}
"""
    functions = load_template(tmp_path, resources).functions
    assert [each.environment["QUEUE"] for each in functions] == ["QAlpha", "QBeta"]
    assert functions[0].environment["URL"].endswith("/QAlpha")


def test_macro_of_one_variable_leaves_that_one_out(tmp_path: Path) -> None:
    macro = "{'Fn::Transform': {Name: MyMacro, Parameters: {x: y}}}"
    function = f"\n  Fn:{FUNCTION}      Environment: {{Variables: {{A: {macro}, B: b}}}}\n"
    application = load_template(tmp_path, function)
    assert [each.environment for each in application.functions] == [{"B": "b"}]
    assert application.ignored == (
        "Fn::Transform of MyMacro: samrun cannot resolve it on this machine, and leaves its value out",
    )


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (
            "AWS::StepFunctions::Activity",
            ": samrun runs state machines without their aliases, versions and activities",
        ),
        ("AWS::RDS::DBInstance", ": samrun has no database of RDS"),
        ("Custom::Anything", ": its ServiceToken is not a function of the template"),
        ("AWS::Robots::Robot", ""),
    ],
)
def test_unsupported_resource_is_listed(tmp_path: Path, kind: str, reason: str) -> None:
    application = load_template(tmp_path, f"\n  Thing: {{Type: {kind}, Properties: {{}}}}\n")
    assert application.ignored == (f"Thing ({kind}){reason}",)


def test_resource_without_effect_is_not_listed(tmp_path: Path) -> None:
    kinds = ("EC2::SecurityGroup", "IAM::Role", "Logs::LogGroup", "Route53::RecordSet", "WAFv2::WebACL")
    resources = "".join(f"  R{number}: {{Type: AWS::{kind}}}\n" for number, kind in enumerate(kinds))
    assert load_template(tmp_path, f"\n{resources}").ignored == ()


def test_state_machine_whose_definition_is_missing_is_listed(tmp_path: Path) -> None:
    """It is no reason to refuse the functions beside it."""
    properties = "{DefinitionUri: states/machine.asl.json, Role: a}"
    machine = f"\n  Machine: {{Type: AWS::Serverless::StateMachine, Properties: {properties}}}"
    application = load_template(tmp_path, f"{machine}\n  Fn:{FUNCTION}")
    assert [function.name for function in application.functions] == ["Fn"]
    [listed] = application.ignored
    file = tmp_path / "states" / "machine.asl.json"
    assert listed == f"Machine: its definition is at {file}, which is not there. Correct its DefinitionUri"


def test_empty_section_is_as_a_missing_one(tmp_path: Path) -> None:
    assert load_template(tmp_path, "\n  Queue: {Type: AWS::SQS::Queue}\n", rest="Parameters:\nConditions:\nGlobals:")


@pytest.mark.parametrize(
    ("resources", "rest", "message"),
    [
        ("\n  Queue: {Type: AWS::SQS::Queue}\n", "Parameters: {Needed: {Type: String}}", "no value for Needed"),
        (" [", "", "cannot be read as YAML"),
        (" nothing", "", "has no Resources"),
    ],
)
def test_error_says_why_a_template_cannot_run(tmp_path: Path, resources: str, rest: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        load_template(tmp_path, resources, rest=rest)


def test_error_names_a_missing_template(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="no such template"):
        load(tmp_path / "template.yaml", parameters={}, region="us-east-1", aws="")
    with pytest.raises(TemplateError, match=r"no such template\. Name another, as in `samrun up PATH`\.$"):
        load(tmp_path / "nowhere" / "template.yaml", parameters={}, region="us-east-1", aws="")


def test_error_about_a_missing_template_names_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    for name in ("template_original.yaml", "backend/template.yml"):
        (tmp_path / name).write_text("Transform: AWS::Serverless-2016-10-31\n")
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "broken.json").write_bytes(b"\xff\xfe")
    first, second = tmp_path / "backend" / "template.yml", tmp_path / "template_original.yaml"
    with pytest.raises(TemplateError) as raised:
        load(tmp_path / "template.yaml", parameters={}, region="us-east-1", aws="")
    assert str(raised.value).endswith(f"There is {first}, {second}: name it, as in `samrun up {first}`.")


def test_error_names_an_undeclared_parameter(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="no parameter Typo"):
        load_template(tmp_path, "\n  Queue: {Type: AWS::SQS::Queue}\n", {"Typo": "x"})
