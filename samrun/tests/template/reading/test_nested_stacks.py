"""Nested stacks: their templates are files beside the outer one."""

import contextlib
from pathlib import Path

import pytest

from samrun.template.errors import TemplateError
from samrun.template.model.application import Application
from support.templates import FUNCTION, load_template

CHILD = f"""
Transform: AWS::Serverless-2016-10-31
Parameters:
  Name: {{Type: String}}
  Ids: {{Type: CommaDelimitedList, Default: "1"}}
Resources:
  Queue: {{Type: AWS::SQS::Queue}}
  Bucket: {{Type: AWS::S3::Bucket}}
  Layer: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: layer}}}}
  Fn:{FUNCTION}
      Environment: {{Variables: {{NAME: !Ref Name, IDS: !Join [";", !Ref Ids], STACK: !Ref AWS::StackName}}}}
      Events:
        Tick: {{Type: Schedule, Properties: {{Schedule: rate(1 minute)}}}}
        Orders: {{Type: MSK, Properties: {{Stream: "arn:aws:kafka:a", Topics: [orders], StartingPosition: LATEST}}}}
Outputs:
  QueueUrl: {{Value: !Ref Queue}}
  LayerArn: {{Value: !Ref Layer}}
"""

NO_OUTPUT = "!GetAtt App.Outputs.No"


def write_child(folder: Path, text: str = CHILD) -> None:
    (folder / "child" / "src").mkdir(parents=True)
    (folder / "child" / "template.yaml").write_text(text)


@pytest.fixture
def application(tmp_path: Path) -> Application:
    write_child(tmp_path)
    (tmp_path / "child" / "layer").mkdir()
    return load_template(
        tmp_path,
        f"""
  One:
    Type: AWS::Serverless::Application
    Properties: {{Location: child/template.yaml, Parameters: {{Name: first, Ids: [4, 5]}}}}
  Two:
    Type: AWS::CloudFormation::Stack
    Properties: {{TemplateURL: ./child/template.yaml, Parameters: {{Name: !GetAtt One.Outputs.QueueUrl}}}}
  Three:
    Type: AWS::Serverless::Application
    Condition: Never
    Properties: {{Location: child/template.yaml}}
  Fn:{FUNCTION}
      Layers: [!GetAtt One.Outputs.LayerArn]
      Environment: {{Variables: {{QUEUE: !Sub "${{One.Outputs.QueueUrl}}"}}}}
""",
        rest="Conditions: {Never: !Equals [a, b]}",
    )


def test_names_of_the_stacks_do_not_clash(application: Application) -> None:
    assert {function.name for function in application.functions} == {"Fn", "One-Fn", "Two-Fn"}
    assert {each.name for each in application.resources} == {
        *("One-Queue", "Two-Queue"),
        *("one-bucket", "two-bucket"),
    }
    assert {(each.logical_id, each.function, each.consumer_group) for each in application.mappings} == {
        ("One-FnOrders", "One-Fn", "local-One-FnOrders"),
        ("Two-FnOrders", "Two-Fn", "local-Two-FnOrders"),
    }
    assert {(each.logical_id, each.function) for each in application.schedules} == {
        ("One-FnTick", "One-Fn"),
        ("Two-FnTick", "Two-Fn"),
    }


def test_parameters_and_outputs_go_from_stack_to_stack(application: Application, tmp_path: Path) -> None:
    outer, one, two = sorted(application.functions, key=lambda function: function.name)
    url = "http://127.0.0.1:4566/123456789012/One-Queue"
    assert outer.environment == {"QUEUE": url}
    assert one.environment == {"NAME": "first", "IDS": "4;5", "STACK": "local-One"}
    assert two.environment == {"NAME": url, "IDS": "1", "STACK": "local-Two"}
    assert outer.layers == (tmp_path / "child" / "layer",)
    assert (outer.code, one.code) == (tmp_path / "src", tmp_path / "child" / "src")
    assert application.ignored == ()


@pytest.mark.parametrize(
    "location", ["{ApplicationId: arn, SemanticVersion: 1.0.0}", "https://bucket.s3.amazonaws.com/t"]
)
def test_stack_whose_template_is_elsewhere_is_listed(tmp_path: Path, location: str) -> None:
    application = load_template(
        tmp_path,
        f"""
  App: {{Type: AWS::Serverless::Application, Properties: {{Location: {location}}}}}
  Fn:{FUNCTION}
      Environment: {{Variables: {{URL: !GetAtt App.Outputs.Url}}}}
""",
    )
    assert application.functions[0].environment == {"URL": "App.Outputs.Url"}
    assert application.ignored == ("App: its template is not a file on this machine",)


def nested(location: str, **parameters: str) -> str:
    properties = f"{{Location: {location}, Parameters: {{{', '.join(f'{k}: {v}' for k, v in parameters.items())}}}}}"
    return f"{{Type: AWS::Serverless::Application, Properties: {properties}}}"


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        (f"App: {nested('nowhere.yaml')}", "nowhere.yaml: no such template"),
        (f"App: {nested('child/template.yaml')}", "child/template.yaml: no value for Name. Give each parameter"),
        (f"App: {nested('template.yaml')}", "template.yaml contains itself"),
        (f"App: {nested('child/template.yaml', Name='!GetAtt App.Outputs.QueueUrl')}", "App need its own Outputs"),
        (
            f"App: {nested('child/template.yaml', Name='x')}\n  B: {nested('child/template.yaml', Name=NO_OUTPUT)}",
            "child/template.yaml has no output No",
        ),
    ],
)
def test_error_says_what_is_wrong_with_a_nested_stack(tmp_path: Path, resources: str, message: str) -> None:
    write_child(tmp_path)
    with pytest.raises(TemplateError, match=message):
        load_template(tmp_path, f"\n  {resources}\n")


@pytest.mark.parametrize(
    ("property_", "message"),
    [
        ("FunctionName: orders", "The function orders is declared 2 times"),
        ("Tags: {a: b}", None),
    ],
)
def test_two_stacks_with_one_explicit_name_are_refused(tmp_path: Path, property_: str, message: str | None) -> None:
    write_child(tmp_path, CHILD.replace("      Environment:", f"      {property_}\n      Environment:"))
    one, two = (nested("child/template.yaml", Name=name) for name in "ab")
    expected = pytest.raises(TemplateError, match=message) if message else contextlib.nullcontext()
    with expected:
        load_template(tmp_path, f"\n  One: {one}\n  Two: {two}\n")
