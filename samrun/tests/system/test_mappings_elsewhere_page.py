"""The page about mappings by Lambda's API and for functions elsewhere: its commands do what it says."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from samrun.cli.mapping_options import read_runner_settings
from samrun.cli.parser import parse_arguments
from samrun.testing.aws import client
from samrun.testing.mapping_process import running_mappings
from samrun.testing.stack import RunningStack
from samrun.testing.waiting import eventually

PAGE = (Path(__file__).parents[2] / "docs/mappings-elsewhere.md").read_text()
MODEL = botocore.session.get_session().get_service_model("lambda")
OPERATIONS = {xform_name(name, "-"): name for name in MODEL.operation_names}
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: reader
      Runtime: python3.13
      Handler: app.handler
      CodeUri: .
      Events:
        Orders:
          Type: MSK
          Properties:
            Stream: arn:aws:kafka:us-east-1:123456789012:cluster/demo/751d2973-a626-431c-9d4e-d7975eb44dd7-2
            Topics: [orders]
            StartingPosition: TRIM_HORIZON
"""


def commands(program: str) -> list[list[str]]:
    """Return the words of each command of a program on the page."""
    blocks = re.findall(r"```(?:sh|console)\n(.*?)```", PAGE, re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.replace("\\\n", "").splitlines()]
    return [shlex.split(line) for line in lines if line.startswith(f"{program} ")]


def as_call(command: list[str]) -> tuple[str, dict[str, Any]]:
    """Return the operation and the parameters that a command of the aws CLI stands for."""
    program, service, verb, *options = command
    assert (program, service) == ("aws", "lambda")
    operation = OPERATIONS[verb]
    members: dict[str, Any] = dict(MODEL.operation_model(operation).input_shape.members)  # type: ignore[union-attr]
    names = {f"--{xform_name(name, '-')}": name for name in members}
    parameters: dict[str, Any] = {}
    words = iter(options)
    for word in words:
        if word in {"--enabled", "--no-enabled"}:
            parameters["Enabled"] = word == "--enabled"
        elif word != "--endpoint-url":
            parameters[names[word]] = _value(next(words), members[names[word]])
        else:
            next(words)
    return operation, parameters


def _value(text: str, shape: Any) -> Any:
    if text.startswith("{"):
        return json.loads(text)
    return [text] if shape.type_name == "list" else int(text) if shape.type_name == "integer" else text


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    project = tmp_path_factory.mktemp("project")
    (project / "template.yaml").write_text(TEMPLATE)
    (project / "app.py").write_text("def handler(event, context):\n    pass\n")
    with RunningStack(project, tmp_path_factory.mktemp("data")) as stack:
        yield stack


@pytest.fixture(scope="module")
def lambda_(stack: RunningStack) -> Any:
    return client("lambda", stack.endpoints["lambda"])


def settle(lambda_: Any) -> list[dict[str, Any]]:
    """Wait until no mapping changes, and return all of them."""

    def settled() -> bool:
        states = {each["State"] for each in lambda_.list_event_source_mappings()["EventSourceMappings"]}
        return states <= {"Enabled", "Disabled"}

    eventually(settled, what="the mappings to settle")
    return list(lambda_.list_event_source_mappings()["EventSourceMappings"])


def test_commands_of_the_aws_cli_list_change_make_and_delete_a_mapping(lambda_: Any) -> None:
    [mapping] = settle(lambda_)
    states = []
    found = commands("aws")
    assert [each[2] for each in found] == [
        "create-event-source-mapping",
        "list-event-source-mappings",
        "update-event-source-mapping",
        "update-event-source-mapping",
        "get-event-source-mapping",
        "create-event-source-mapping",
        "delete-event-source-mapping",
    ]
    for command in found[1:]:  # the first one is for `samrun mappings run`
        operation, parameters = as_call(command)
        if "UUID" in parameters:
            parameters["UUID"] = mapping["UUID"]
        answer = getattr(lambda_, xform_name(operation))(**parameters)
        states.append(answer.get("State"))
        settle(lambda_)
    assert states == [None, "Disabling", "Enabling", "Enabled", "Creating", "Deleting"]
    [left] = settle(lambda_)
    assert left["Topics"] == ["payments"]


def test_python_of_the_page_changes_the_mappings_of_a_function(stack: RunningStack, lambda_: Any) -> None:
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    code = code.replace("http://127.0.0.1:3001", stack.endpoints["lambda"])
    settle(lambda_)
    exported = dict(re.findall(r"(AWS_\w+)=(\S+)", PAGE.partition("```sh\nexport ")[2].partition("\n")[0]))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    subprocess.run([sys.executable, "-c", code], env=clean | exported, check=True)
    assert {each["MaximumBatchingWindowInSeconds"] for each in settle(lambda_)} == {1}


def runner_options(command: list[str], stack: RunningStack) -> list[str]:
    """Return the options of a command `samrun mappings run`, with the addresses of a stack for the usual ones."""
    assert command[:3] == ["samrun", "mappings", "run"]
    # An emulator, on 4566, has Lambda's API on the port of all services.
    ours = {"http://127.0.0.1:3001": "lambda", "http://127.0.0.1:4566": "lambda", "127.0.0.1:9092": "kafka"}
    return [stack.endpoints[ours[word]] if word in ours else word for word in command[3:]]


def test_first_commands_of_the_page_feed_a_function_that_runs_elsewhere(stack: RunningStack, tmp_path: Path) -> None:
    _, parameters = as_call(commands("aws")[0])
    with running_mappings(tmp_path / "log", *runner_options(commands("samrun")[0], stack)) as runner:
        lambda_ = client("lambda", runner.api)
        lambda_.create_event_source_mapping(**parameters)
        stack.produce("orders", "an order")

        def results() -> bool:
            found = [
                each["LastProcessingResult"] for each in lambda_.list_event_source_mappings()["EventSourceMappings"]
            ]
            return found == ["OK"]

        eventually(results, what="the function to get the record")
    assert stack.invocations("reader")


@pytest.mark.parametrize(("number", "mappings"), [(1, 1), (2, 0)])
def test_commands_that_run_mappings_alone_start(
    stack: RunningStack, tmp_path: Path, number: int, mappings: int
) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    with running_mappings(tmp_path / "log", *runner_options(commands("samrun")[number], stack)) as runner:
        assert len(client("lambda", runner.api).list_event_source_mappings()["EventSourceMappings"]) == mappings


def test_commands_of_samrun_have_options_that_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    monkeypatch.chdir(tmp_path)
    found = [read_runner_settings(parse_arguments(words[1:])) for words in commands("samrun")]
    assert [each.is_on_aws for each in found] == [False, False, False, True]
    assert [each.template is not None for each in found] == [False, True, False, False]


def test_terraform_of_the_page_names_parameters_of_the_api() -> None:
    [resource] = re.findall(r'resource "aws_lambda_event_source_mapping" "\w+" {\n(.*?)\n}', PAGE, re.DOTALL)
    members = MODEL.operation_model("CreateEventSourceMapping").input_shape.members  # type: ignore[union-attr]
    assert set(re.findall(r"^  (\w+) ", resource, re.MULTILINE)) <= {xform_name(name) for name in members}
