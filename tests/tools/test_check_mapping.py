"""Check of the mapping after a deployment: it finds a mapping that was left behind."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.template.deployment import Deployment, deploy
from tests.template.known import FROM_ORDERS
from tests.template.parameter_sets import CLUSTER, PLAIN, REQUIRED, VPC
from tools.check_mapping import differences, main

MAPPING = "AWS::Lambda::EventSourceMapping"
ON_MSK = {**REQUIRED, **VPC, "MskClusterArn": CLUSTER}


def _deployed(stack: Deployment) -> dict[str, Any]:
    """Return the mapping as Lambda would describe it."""
    return {**stack.one_of(FROM_ORDERS), "State": "Enabled"}


@pytest.mark.parametrize("parameters", [ON_MSK, PLAIN, {**ON_MSK, "NotifyReadsFrom": "1790000000"}])
def test_mapping_of_the_template_fits_the_outputs(parameters: dict[str, str]) -> None:
    stack = deploy(**parameters)
    assert differences(_deployed(stack), stack.outputs) == []


@pytest.mark.parametrize("parameters", [ON_MSK, PLAIN])
def test_mapping_that_was_left_behind_is_found(parameters: dict[str, str]) -> None:
    before, after = deploy(**parameters), deploy(**parameters, OrderEventsTopic="orders.v2")
    topic, group = differences(_deployed(before), after.outputs)
    assert topic.startswith("The mapping reads the topic order-events, and not orders.v2. See ")
    assert "group shop-notify-order-events, and not shop-notify-orders.v2. See " in group


def test_mapping_that_reads_nothing_is_found() -> None:
    stack = deploy(**ON_MSK)
    disabled = {**_deployed(stack), "State": "Disabled", "StateTransitionReason": "User action"}
    assert differences(disabled, stack.outputs) == ["The mapping is Disabled: User action. Notify reads nothing."]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield


@pytest.mark.usefixtures("account")
def test_command_says_which_stack_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["orders-dev"]) == 1
    assert capsys.readouterr().err.startswith("The mapping of orders-dev cannot be read: ")


@pytest.mark.usefixtures("account")
def test_command_reads_the_outputs_and_the_mapping_that_they_name(capsys: pytest.CaptureFixture[str]) -> None:
    role = boto3.client("iam").create_role(RoleName="notify", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    template = {
        "Resources": {
            "NotifyFunction": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Code": {"ZipFile": "def handler(event, context): ..."},
                    "Handler": "index.handler",
                    "Role": role,
                    "Runtime": "python3.13",
                },
            },
            "Queue": {"Type": "AWS::SQS::Queue"},  # moto has no mappings of Kafka
            "Mapping": {
                "Type": MAPPING,
                "Properties": {
                    "FunctionName": {"Ref": "NotifyFunction"},
                    "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
                },
            },
        },
        "Outputs": {
            "NotifyMappingId": {"Value": {"Ref": "Mapping"}},
            "NotifyTopicName": {"Value": "order-events"},
            "NotifyConsumerGroup": {"Value": "orders-dev-notify-order-events"},
        },
    }
    boto3.client("cloudformation").create_stack(StackName="orders-dev", TemplateBody=json.dumps(template))
    assert main(["orders-dev"]) == 1
    assert "and not order-events." in capsys.readouterr().err
