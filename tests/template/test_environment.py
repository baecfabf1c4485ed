"""What the functions read of their environment is what the template declares, no more and no less."""

import ast
import re
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.template.deployment import TEMPLATE, Deployment

# Lambda and SAM set these themselves.
SET_BY_AWS = {"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_REGION", "AWS_SAM_LOCAL"}


# boto3 reads them. They lead `sam local` to what runs on the developer's machine.
FOR_ONES_OWN_MACHINE = {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"}


def test_no_deployment_calls_aws_anywhere_else(deployment: Deployment) -> None:
    for function in deployment.of_type("AWS::Lambda::Function").values():
        variables = function["Environment"]["Variables"]
        assert {name: variables[name] for name in FOR_ONES_OWN_MACHINE} == dict.fromkeys(FOR_ONES_OWN_MACHINE, "")


@pytest.mark.parametrize("service", ["dynamodb", "sesv2", "sns", "sqs", "secretsmanager"])
def test_boto3_takes_no_notice_of_an_empty_endpoint(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FOR_ONES_OWN_MACHINE:
        monkeypatch.setenv(name, "")
    client = boto3.client(service, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    assert client.meta.endpoint_url.endswith("amazonaws.com")


@pytest.mark.parametrize("name", ["order", "notify"])
def test_a_function_reads_what_the_template_declares(deployment: Deployment, name: str) -> None:
    declared = {
        variable
        for function in deployment.of_type("AWS::Lambda::Function").values()
        if function["Handler"].startswith(f"functions.{name}.")
        for variable in function["Environment"]["Variables"]
        if not variable.startswith("POWERTOOLS_")  # read by the library
        if variable not in FOR_ONES_OWN_MACHINE
    }
    read = {
        variable
        for path in (TEMPLATE.parent / "functions" / name).rglob("*.py")
        for variable in _variables_read(path)
        if variable not in SET_BY_AWS
    }
    assert read == declared


def _variables_read(path: Path) -> list[str]:
    """Return the NAME of each os.environ["NAME"] and os.environ.get("NAME", …)."""
    code = path.read_text()
    names = []
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str(name))):
                names.append(name)
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="environ"), attr="get"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                names.append(name)
    uses = re.findall(r"\b(?:os\.environ|environb|getenv|putenv)\b|import environ", code)
    assert len(uses) == len(names), f"{path} uses its environment in a way that this test cannot read"
    return names
