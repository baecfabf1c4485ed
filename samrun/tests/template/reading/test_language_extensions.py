"""Loops of a template."""

from pathlib import Path

import pytest

from samrun.template.errors import TemplateError
from support.templates import load_template

PARAMETERS = "Parameters: {Names: {Type: CommaDelimitedList, Default: 'red,light-blue'}}"


def test_loop_makes_resources_before_sam_translates_them(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        """
  Fn::ForEach::Colours:
    - Colour
    - !Ref Names
    - Paint&{Colour}:
        Type: AWS::Serverless::Function
        Properties:
          Runtime: python3.13
          CodeUri: src
          Handler: main.handler
          Environment: {Variables: {COLOUR: !Ref Colour, QUEUE: !Sub "${Colour}-${AWS::Region}"}}
      Queue&{Colour}: {Type: AWS::SQS::Queue, Properties: {QueueName: "${Colour}-jobs"}}
""",
        rest=PARAMETERS,
    )
    assert {each.name: each.environment for each in application.functions} == {
        "Paintred": {"COLOUR": "red", "QUEUE": "red-us-east-1"},
        "Paintlightblue": {"COLOUR": "light-blue", "QUEUE": "light-blue-us-east-1"},
    }
    assert [each.name for each in application.resources] == ["red-jobs", "light-blue-jobs"]


def test_loops_nest_and_make_properties(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        """
  Fn::ForEach::Stages:
    - Stage
    - [Dev, Prod]
    - Fn::ForEach::Kinds:
        - Kind
        - [Jobs, Mails]
        - ${Stage}${Kind}:
            Type: AWS::SQS::Queue
            Properties:
              Fn::ForEach::Settings:
                - Setting
                - [DelaySeconds, VisibilityTimeout]
                - ${Setting}: 7
""",
    )
    assert [each.logical_id for each in application.resources] == ["DevJobs", "DevMails", "ProdJobs", "ProdMails"]
    assert application.resources[0].properties == {"DelaySeconds": 7, "VisibilityTimeout": 7}


@pytest.mark.parametrize(
    ("loop", "message"),
    [
        ("[Name, [a, b], {Queue: {Type: AWS::SQS::Queue}}]", "Fn::ForEach::Loop makes Queue twice"),
        ("[Name, [a], {Other: {Type: AWS::SQS::Queue}}]", "makes Other, which the template has already"),
        ("[Name, [a]]", "Fn::ForEach::Loop is not a list of an identifier, a collection and an object"),
        ("[Name, text, {Queue: {}}]", "its collection is 'text', not a list"),
        ("[Name, !Ref Missing, {Queue: {}}]", "!Ref Missing: no such parameter"),
    ],
)
def test_error_names_the_loop(tmp_path: Path, loop: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        load_template(tmp_path, f"\n  Other: {{Type: AWS::SQS::Queue}}\n  Fn::ForEach::Loop: {loop}\n")
