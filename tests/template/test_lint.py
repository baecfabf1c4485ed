"""Linters: cfn-lint finds nothing but a few remarks, and these and each skipped checkov check have a reason.

cfn-lint checks the templates and the translated template, because each run finds errors that the other misses.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint
from cfnlint.context import ParameterSet
from samtranslator.yaml_helper import yaml_parse

from tests.template.deployment import (
    MSK_TEMPLATE,
    REGION,
    ROOT,
    TEMPLATE,
    TEMPLATES,
    deploy,
    parameters_of,
    source_of,
    translate,
)
from tests.template.parameter_sets import CLUSTER, PARAMETER_SETS, REQUIRED, VPC


def _findings(template: str) -> list[str]:
    return [str(match) for match in lint(template, config=ManualArgs(regions=[REGION]))]


# Remarks of cfn-lint that stay, each with its reason; docs/decisions.md has them, too.
LOGS = "logs expire, and nobody needs them without their stack"
WITHOUT_POLICIES = {
    **{f"{name}Logs": LOGS for name in ("Order", "Relay", "Notify", "Feedback", "History", "Api", "Broker")},
    "AlarmKey": "encrypts messages on their way, and nothing that is stored",
    **{
        name: "a password of the cluster alone, and of no use without it"
        for name, resource in source_of(MSK_TEMPLATE)["Resources"].items()
        if resource["Type"] == "AWS::SecretsManager::Secret"
    },
}
NO_MODEL = "docs/architecture.md describes the architecture; this asks for a form of its own"


def test_cfn_lint_with_all_its_checks_remarks_only_what_has_a_reason() -> None:
    remarks = {
        path: lint(
            path.read_text(), config=ManualArgs(regions=[REGION], include_checks=["I"], include_experimental=True)
        )
        for path in TEMPLATES
    }
    assert {remark.rule.id for found in remarks.values() for remark in found} == {"I3011", "I4010"}
    without_policies = {
        str(remark.path[1]) for found in remarks.values() for remark in found if remark.rule.id == "I3011"
    }
    assert without_policies == WITHOUT_POLICIES.keys()
    without_model = {path for path, found in remarks.items() if "I4010" in {remark.rule.id for remark in found}}
    assert without_model == set(TEMPLATES), NO_MODEL
    decisions = " ".join((ROOT / "docs/decisions.md").read_text().split())
    assert all(reason in decisions for reason in (*WITHOUT_POLICIES.values(), NO_MODEL))


@pytest.mark.parametrize("cluster", [CLUSTER, ""], ids=["msk", "self-managed"])
def test_cfn_lint_finds_nothing_in_the_translated_template(cluster: str) -> None:
    assert _findings(json.dumps(translate(**REQUIRED, **VPC, MskClusterArn=cluster))) == []


@pytest.mark.parametrize("name", PARAMETER_SETS[TEMPLATE])
def test_cfn_lint_finds_nothing_in_the_values_of_a_deployment(name: str) -> None:
    assert _findings(json.dumps({"Resources": _resources(**PARAMETER_SETS[TEMPLATE][name])})) == []


@pytest.mark.parametrize("path", [path for path in TEMPLATES if path != TEMPLATE], ids=lambda path: path.stem)
def test_cfn_lint_finds_nothing_in_a_stack_beside_it_with_its_parameters(path: Path) -> None:
    defaults = {name: str(each["Default"]) for name, each in parameters_of(path).items() if "Default" in each}
    sets = [ParameterSet(source=name, parameters={**defaults, **given}) for name, given in PARAMETER_SETS[path].items()]
    assert [str(each) for each in lint(path.read_text(), config=ManualArgs(regions=[REGION], parameters=sets))] == []


# One property of types whose values depend on the parameters, and a value that it cannot have.
WRONG = {
    "NotificationsHeld": ("ComparisonOperator", "Above"),
    "DeadLetterBucket": ("OwnershipControls", {"Rules": [{"ObjectOwnership": "Mine"}]}),
    "OrdersTable": ("BillingMode", "FREE"),
    "NotifyFunction": ("Timeout", 100_000),
}


@pytest.mark.parametrize(("logical_id", "name", "value"), [(each, *wrong) for each, wrong in WRONG.items()])
def test_cfn_lint_finds_a_wrong_value_of_any_type(logical_id: str, name: str, value: object) -> None:
    resource = _resources(**PARAMETER_SETS[TEMPLATE]["msk"])[logical_id]
    wrong = {**resource, "Properties": {**resource["Properties"], name: value}}
    assert _findings(json.dumps({"Resources": {logical_id: wrong}})) != []


def _resources(**parameters: str) -> dict[str, Any]:
    """Return all resources of a deployment, without what names other resources beside their properties."""
    return {
        logical_id: {"Type": resource["Type"], "Properties": _as_aws_names_them(resource.get("Properties", {}))}
        for logical_id, resource in deploy(**parameters).resources.items()
    }


def _as_aws_names_them(properties: dict[str, Any]) -> dict[str, Any]:
    """Give each managed policy of a role the form of its ARN: what `Ref` of it is, only AWS knows."""
    if "ManagedPolicyArns" not in properties:
        return properties
    arns = [
        each if each.startswith("arn:") else f"arn:aws:iam::111122223333:policy/{each}"
        for each in properties["ManagedPolicyArns"]
    ]
    return {**properties, "ManagedPolicyArns": arns}


def test_every_skipped_checkov_check_has_a_reason() -> None:
    resources = [each for path in TEMPLATES for each in yaml_parse(path.read_text())["Resources"].values()]
    skips = [skip for each in resources for skip in each.get("Metadata", {}).get("checkov", {}).get("skip", [])]
    assert skips
    assert all(skip.keys() == {"id", "comment"} and len(skip["comment"]) > 20 for skip in skips)
