"""Linters: cfn-lint finds nothing but a few remarks, and these and each skipped checkov check have a reason.

cfn-lint checks the templates and the translated template, because each run finds errors that the other misses.
"""

import json

import pytest
from cfnlint.api import ManualArgs, lint
from samtranslator.yaml_helper import yaml_parse

from tests.template.deployment import MSK_TEMPLATE, REGION, ROOT, TEMPLATES, deploy, source_of, translate
from tests.template.parameter_sets import CA_SECRET, CLUSTER, KAFKA_SECRET, KAFKA_SECRET_KEY, KEY, REQUIRED, VPC


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


IN_A_NETWORK = {
    "SubnetIds": "subnet-0aaaaaaaaaaaaaaa1,subnet-0aaaaaaaaaaaaaaa2",
    "SecurityGroupIds": "sg-0aaaaaaaaaaaaaaa1",
}
ON_MSK = {**IN_A_NETWORK, "MskClusterArn": CLUSTER}
PASSWORD = {"KafkaSecretArn": KAFKA_SECRET, "KafkaSecretKeyArn": KAFKA_SECRET_KEY}
PARAMETER_SETS = {
    "msk": ON_MSK,
    "msk with scram": {**ON_MSK, **PASSWORD, "KafkaAuthentication": "scram"},
    "msk, a test environment under a key": {
        **ON_MSK,
        "Environment": "test",
        "OrderEventsTopic": "order-events-dev",
        "KmsKeyArn": KEY,
        "NotifyConcurrency": "3",
    },
    "msk, moving to another topic": {**ON_MSK, "OrderEventsTopic": "orders.v2", "NotifyTopic": "order-events"},
    "msk, reading from a time": {**ON_MSK, "NotifyReadsFrom": "1790000000"},
    "self-managed without a network": {"KafkaAuthentication": "none"},
    "self-managed with scram": {**IN_A_NETWORK, **PASSWORD, "KafkaAuthentication": "scram"},
    "self-managed with plain and a CA, reading from a time": {
        **IN_A_NETWORK,
        **PASSWORD,
        "KafkaAuthentication": "plain",
        "KafkaCaSecretArn": CA_SECRET,
        "NotifyReadsFrom": "1790000000",
    },
}
# Types whose values depend on the parameters. Roles name managed policies, whose ARNs only AWS makes.
WITH_VALUES = {
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::SQS::Queue",
}


@pytest.mark.parametrize("parameters", PARAMETER_SETS.values(), ids=PARAMETER_SETS.keys())
def test_cfn_lint_finds_nothing_in_the_values_of_a_deployment(parameters: dict[str, str]) -> None:
    resources = {
        name: {"Type": resource["Type"], "Properties": resource["Properties"]}
        for name, resource in deploy(**REQUIRED | parameters).resources.items()
        if resource["Type"] in WITH_VALUES
    }
    assert {resource["Type"] for resource in resources.values()} >= WITH_VALUES - {"AWS::Lambda::Alias"}
    assert _findings(json.dumps({"Resources": resources})) == []


def test_every_skipped_checkov_check_has_a_reason() -> None:
    resources = [each for path in TEMPLATES for each in yaml_parse(path.read_text())["Resources"].values()]
    skips = [skip for each in resources for skip in each.get("Metadata", {}).get("checkov", {}).get("skip", [])]
    assert skips
    assert all(skip.keys() == {"id", "comment"} and len(skip["comment"]) > 20 for skip in skips)
