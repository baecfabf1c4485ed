"""Dynamic references: values of secrets and of SSM parameters."""

from pathlib import Path

import pytest

from samrun.template.model.application import Application
from support.templates import FUNCTION, load_template

RESOURCES = """
  Database:
    Type: AWS::SecretsManager::Secret
    Properties:
      Name: shop/db
      SecretString: '{"username": "ada", "port": 5432}'
  Url: {Type: AWS::SSM::Parameter, Properties: {Name: /shop/url, Type: String, Value: !Sub "https://${AWS::Region}"}}
"""
PARAMETERS = """
    Parameters:
      Listed: {Type: AWS::SSM::Parameter::Value<CommaDelimitedList>, Default: /shop/list}
      Name: {Type: AWS::SSM::Parameter::Value<String>, Default: /shop/name}
      Stage: {Type: String, Default: url}
"""


def load(tmp_path: Path, value: str, parameters: dict[str, str] | None = None) -> Application:
    """Load a template whose function has an environment variable with this value."""
    function = f"\n  Fn:{FUNCTION}      Environment: {{Variables: {{X: {value}}}}}\n"
    return load_template(tmp_path, f"{RESOURCES}{function}", parameters, PARAMETERS)


def variable(application: Application) -> str:
    [function] = application.functions
    return function.environment["X"]


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ("'{{resolve:secretsmanager:shop/db:SecretString:username}}'", "ada"),
        ("'{{resolve:secretsmanager:shop/db:SecretString:port}}'", "5432"),
        ("!Sub '{{resolve:secretsmanager:${Database}:SecretString:username}}'", "ada"),
        ("!Sub '{{resolve:secretsmanager:${Database}:SecretString:username:AWSCURRENT}}'", "ada"),
        ("'{{resolve:secretsmanager:shop/db}}'", '{"username": "ada", "port": 5432}'),
        ("'{{resolve:ssm:/shop/url}}/orders'", "https://us-east-1/orders"),
        ("'{{resolve:ssm:/shop/url:3}}'", "https://us-east-1"),
        ("!Sub '{{resolve:ssm-secure:/shop/${Stage}:1}}'", "https://us-east-1"),
        ("!Join ['', ['{{resolve:ssm:/shop/', !Ref Stage, '}}']]", "https://us-east-1"),
    ],
)
def test_value_comes_from_the_resource_of_the_template(tmp_path: Path, value: str, resolved: str) -> None:
    application = load(tmp_path, value)
    assert variable(application) == resolved
    assert application.ignored == ()


@pytest.mark.parametrize(
    ("value", "reference"),
    [
        ("'{{resolve:ssm:/elsewhere}}'", "{{resolve:ssm:/elsewhere}}"),
        ("'{{resolve:secretsmanager:elsewhere:SecretString:key}}'",) * 2,
        ("'{{resolve:secretsmanager:shop/db:SecretString:nothing}}'",) * 2,
        ("!Ref Name", "{{resolve:ssm:/shop/name}}"),
    ],
)
def test_value_that_nobody_has_is_listed_and_can_be_given(tmp_path: Path, value: str, reference: str) -> None:
    reference = reference.strip("'")
    unknown = load(tmp_path, value)
    assert variable(unknown) == reference
    assert unknown.ignored == (
        f"{reference}: its value is in AWS. Give it with --parameter-overrides '{reference}=VALUE'",
    )
    given = load(tmp_path, value, {reference: "given"})
    assert variable(given) == "given"
    assert given.ignored == ()


def test_list_of_an_ssm_parameter_is_a_list(tmp_path: Path) -> None:
    application = load(tmp_path, "!Select [1, !Ref Listed]", {"{{resolve:ssm:/shop/list}}": "a,b"})
    assert variable(application) == "b"
