"""Gradual deployment: the edit of the template that docs/deployment.md describes."""

import copy
from typing import Any

import pytest

from tests.template.deployment import TEMPLATE, source_of
from tests.template.guide_edits import GUIDE, edited_template, merge_templates, release
from tests.template.known import FROM_ORDERS
from tests.template.parameter_sets import CLUSTER

CANARY = "CodeDeployDefault.LambdaCanary10Percent5Minutes"


@pytest.fixture(scope="module")
def edited() -> dict[str, Any]:
    """The template with the addition from the guide."""
    return edited_template("Gradual deployment")


def test_an_alarm_of_the_function_takes_its_new_version_back(edited: dict[str, Any]) -> None:
    deployment = release(edited, "1")
    groups = deployment.of_type("AWS::CodeDeploy::DeploymentGroup")
    assert {
        name: {alarm["Name"] for alarm in group["AlarmConfiguration"]["Alarms"]} for name, group in groups.items()
    } == {
        "OrderFunctionDeploymentGroup": {"ApiFails", "OrderFails", "OrdersRefused"},
        "NotifyFunctionDeploymentGroup": {"NotifyFails", "NotificationsUnexpected"},
    }
    for group in groups.values():
        assert group["DeploymentConfigName"] == CANARY
        assert group["AlarmConfiguration"]["Enabled"] is True
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert {
        resource["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]
        for resource in deployment.resources.values()
        if resource["Type"] == "AWS::Lambda::Alias"
    } == groups.keys()


@pytest.mark.parametrize("parameters", [{}, {"MskClusterArn": CLUSTER, "KafkaAuthentication": "iam"}])
def test_mapping_and_api_call_the_aliases(edited: dict[str, Any], parameters: dict[str, str]) -> None:
    deployment = release(edited, "1", **parameters)
    assert deployment.one_of(FROM_ORDERS)["FunctionName"].endswith(":NotifyFunction:live")
    paths = deployment.properties("OrderApi")["Body"]["paths"]
    uris = [
        operation["x-amazon-apigateway-integration"]["uri"]
        for operations in paths.values()
        for operation in operations.values()
    ]
    assert [uri for uri in uris if "OrderFunction" in uri and "OrderFunction:live" not in uri] == []
    assert [uri for uri in uris if "OrderFunction:live" in uri]


def test_mapping_of_another_time_has_an_alias_of_its_own_only_without_the_lines_of_the_edit(
    edited: dict[str, Any],
) -> None:
    # With the lines, the new mapping would have the topic and the alias of the old one, which still exists.
    without = copy.deepcopy(edited)
    for name in ("NotifyFromMsk", "NotifyFromSelfManagedKafka"):
        without["Resources"][name] = source_of(TEMPLATE)["Resources"][name]
    times = ("1795000000", "1796000000")
    for template, targets in ((edited, 1), (without, 2)):
        mappings = [release(template, "1", NotifyReadsFrom=time).one_of(FROM_ORDERS) for time in times]
        assert len({mapping["FunctionName"] for mapping in mappings}) == targets
        assert len({str(mapping["Topics"]) for mapping in mappings}) == 1
    guide = " ".join(GUIDE.read_text().split())
    assert "Before a new `NotifyReadsFrom`, take the two FunctionName lines out for that deployment" in guide


def test_new_release_publishes_versions_of_both(edited: dict[str, Any]) -> None:
    before = release(edited, "1").of_type("AWS::Lambda::Version").keys()
    after = release(edited, "2").of_type("AWS::Lambda::Version").keys()
    assert len(before) == len(after) == 2
    assert not before & after


def test_snapstart_and_gradual_deployment_fit_together(edited: dict[str, Any]) -> None:
    both = merge_templates(edited_template("SnapStart"), edited)
    deployment = release(both, "1")
    assert deployment.properties("OrderFunction")["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert len(deployment.of_type("AWS::CodeDeploy::DeploymentGroup")) == 2
