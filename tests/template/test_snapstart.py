"""SnapStart: the edit of the template that docs/deployment.md describes."""

import json
from pathlib import Path
from typing import Any

import pytest

from samrun.testing import templates
from tests.template.deployment import REGION, ROOT
from tests.template.guide_edits import edited_template, release
from tests.template.parameter_sets import PLAIN


@pytest.fixture(scope="module")
def edited() -> dict[str, Any]:
    """The template with the addition from the guide."""
    return edited_template("SnapStart")


def test_only_order_starts_from_a_snapshot(edited: dict[str, Any]) -> None:
    functions = release(edited, "1").of_type("AWS::Lambda::Function")
    started = {name: function.get("SnapStart") for name, function in functions.items() if "SnapStart" in function}
    assert started == {"OrderFunction": {"ApplyOn": "PublishedVersions"}}


def test_api_calls_the_version_that_the_release_published(edited: dict[str, Any]) -> None:
    deployment = release(edited, "1")
    [alias] = deployment.of_type("AWS::Lambda::Alias").values()
    [version] = deployment.of_type("AWS::Lambda::Version").values()
    assert alias["FunctionName"] == version["FunctionName"]
    assert alias["Name"] == "live"
    called = {each["FunctionName"] for each in deployment.of_type("AWS::Lambda::Permission").values()}
    assert not [function for function in called if function.endswith("OrderFunction")], called
    api = deployment.properties("OrderApi")["Body"]
    uris = [
        operation["x-amazon-apigateway-integration"]["uri"]
        for path, operations in api["paths"].items()
        for operation in operations.values()
        if "notifications" not in path
    ]
    assert uris
    assert all("OrderFunction:live" in uri for uri in uris), uris


def test_new_release_publishes_a_version_even_if_only_a_parameter_changes(edited: dict[str, Any]) -> None:
    [before] = release(edited, "1").of_type("AWS::Lambda::Version")
    [unchanged] = release(edited, "1", LogLevel="DEBUG").of_type("AWS::Lambda::Version")
    [after] = release(edited, "2", LogLevel="DEBUG").of_type("AWS::Lambda::Version")
    assert before == unchanged, "the guide says that a new Release is needed"
    assert before != after


def test_edited_template_runs_on_your_own_machine(edited: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(json.dumps(edited))
    (tmp_path / "functions").symlink_to(ROOT / "functions")
    application = templates.load(path, parameters=PLAIN, region=REGION, aws="http://127.0.0.1")
    assert "OrderFunction" in {function.name for function in application.functions}
