"""Environment variables: the functions read exactly those that the template declares."""

import ast
import re
import string
from pathlib import Path
from typing import Any

import boto3
import pytest

from functions.notify import settings
from functions.notify.channels.mailer import LOCAL_PART
from tests.template.deployment import TEMPLATE, Deployment, parameters_of

FOLDERS = sorted(path.parent.name for path in TEMPLATE.parent.glob("functions/*/requirements.in"))
# Lambda and SAM set these themselves.
SET_BY_AWS = {"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_REGION", "AWS_SAM_LOCAL"}
# boto3 reads them. With them, the containers of `sam local` reach the services on the developer's machine.
FOR_SAM_LOCAL = {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"}


def test_deployed_functions_have_empty_endpoint_urls(deployment: Deployment) -> None:
    for function in deployment.of_type("AWS::Lambda::Function").values():
        variables = function["Environment"]["Variables"]
        assert {name: variables[name] for name in FOR_SAM_LOCAL} == dict.fromkeys(FOR_SAM_LOCAL, "")


@pytest.mark.parametrize("service", ["dynamodb", "sesv2", "sns", "sqs", "secretsmanager"])
def test_boto3_ignores_an_empty_endpoint_url(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FOR_SAM_LOCAL:
        monkeypatch.setenv(name, "")
    client = boto3.client(service, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    assert client.meta.endpoint_url.endswith("amazonaws.com")


@pytest.mark.parametrize("name", FOLDERS)
def test_code_reads_exactly_the_variables_that_the_template_declares(deployment: Deployment, name: str) -> None:
    declared = {
        variable
        for function in deployment.of_type("AWS::Lambda::Function").values()
        if function["Handler"].startswith(f"functions.{name}.")
        for variable in function["Environment"]["Variables"]
        if variable != "POWERTOOLS_SERVICE_NAME"  # only the library reads it
        if variable not in FOR_SAM_LOCAL
    }
    read = {
        variable
        for path in (TEMPLATE.parent / "functions" / name).rglob("*.py")
        for variable in _variables_read(path)
        if variable not in SET_BY_AWS
    }
    assert read == declared


@pytest.mark.parametrize(
    ("parameter", "bounds"),
    [
        ("MailsPerSecond", settings.RATES),
        ("TextsPerSecond", settings.RATES),
        ("NotifyEnvironments", settings.ENVIRONMENTS),
        ("MaximumEventAgeSeconds", settings.EVENT_AGES),
    ],
)
def test_notify_accepts_every_number_that_the_template_accepts(parameter: str, bounds: tuple[float, float]) -> None:
    declared = parameters_of(TEMPLATE)[parameter]
    assert bounds[0] <= declared["MinValue"] < declared["MaxValue"] <= bounds[1]


def test_notify_accepts_every_url_and_address_that_the_template_accepts() -> None:
    declared = parameters_of(TEMPLATE)
    assert declared["ShopUrl"]["AllowedPattern"] == f"({settings.HTTPS_URL.pattern})?"
    # The template accepts fewer characters before the @: the mails make a link of the address.
    local_part = re.match(r"\((\[.+?\]\+)@", declared["SupportAddress"]["AllowedPattern"])
    assert local_part
    assert all(LOCAL_PART.fullmatch(character) for character in string.printable if re.match(local_part[1], character))


def _variables_read(path: Path) -> list[str]:
    """Return the NAME of each os.environ["NAME"] and os.environ.get("NAME", …), and those that the settings read.

    The settings get the environment as a whole, by from_environment(os.environ), and read each as variables.…("NAME")
    or self.…("NAME").
    """
    code = path.read_text()
    names, of_settings, handed_on = [], [], 0
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str(name))):
                names.append(name)
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="environ"), attr="get"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                names.append(name)
            case ast.Call(func=ast.Attribute(attr="from_environment"), args=[ast.Attribute(attr="environ")]):
                handed_on += 1
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="variables" | "self")), args=[ast.Constant(value=str(name)), *_]
            ) if re.fullmatch(r"[A-Z][A-Z0-9_]+", name):
                of_settings.append(name)
    uses = re.findall(r"\b(?:os\.environ|environb|getenv|putenv)\b|import environ", code)
    assert len(uses) == len(names) + handed_on, f"{path} uses its environment in a way that this test cannot read"
    return names + of_settings
