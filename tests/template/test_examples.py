"""Templates of examples/: each service deploys by itself, has the rights that its calls need, and alarms on its own."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.template.deployment import ROOT, Deployment, deploy_edited, parameters_of, source_of
from tests.template.parameter_sets import CLUSTER, VPC

if TYPE_CHECKING:
    from pathlib import Path

SERVICES = sorted(path.parent.name for path in ROOT.glob("examples/*/template.yaml"))
each_service = pytest.mark.parametrize("service", SERVICES)

_READ = {"kafka-cluster:AlterGroup", "kafka-cluster:DescribeClusterDynamicConfiguration", "kafka-cluster:DescribeGroup"}
_READ |= {"kafka-cluster:Connect", "kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"}
_PRODUCE = {"kafka-cluster:Connect", "kafka-cluster:WriteDataIdempotently"}
_PRODUCE |= {"kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"}
_DEAD_LETTERS = {"s3:ListBucket", "s3:PutObject"}
_RELAY = {"dynamodb:Query", "dynamodb:UpdateItem"} | _PRODUCE
ACTIONS = {
    "RewardConsumerFunction": {"dynamodb:PutItem", "dynamodb:UpdateItem"} | _READ | _PRODUCE | _DEAD_LETTERS,
    "RewardRelayFunction": _RELAY,
    "ShipmentConsumerFunction": {"dynamodb:PutItem", "sqs:SendMessage"} | _READ | _DEAD_LETTERS,
    "ShipmentDispatcherFunction": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"} | _PRODUCE,
    "ShipmentRelayFunction": _RELAY,
}


def folder(service: str) -> Path:
    return ROOT / "examples" / service


def deployed(service: str, **parameters: str) -> Deployment:
    given = {"MskClusterArn": CLUSTER, "KafkaBootstrapServers": "b-1.kafka.shop.example:9098", **VPC, **parameters}
    return deploy_edited(source_of(folder(service) / "template.yaml"), **given)


def mapping(deployment: Deployment) -> dict[str, Any]:
    [only] = [
        each
        for each in deployment.of_type("AWS::Lambda::EventSourceMapping").values()
        if each["EventSourceArn"] == CLUSTER
    ]
    return only


@each_service
def test_the_service_needs_a_cluster_and_nothing_else_of_other_stacks(service: str) -> None:
    declared = parameters_of(folder(service) / "template.yaml")
    needed = {name for name, each in declared.items() if "Default" not in each}
    assert needed == {"MskClusterArn", "KafkaBootstrapServers"}
    assert "ImportValue" not in (folder(service) / "template.yaml").read_text()


@each_service
def test_the_parameters_of_its_deployment_are_those_that_it_declares(service: str) -> None:
    config = tomllib.loads((folder(service) / "samconfig.toml").read_text())
    declared = parameters_of(folder(service) / "template.yaml").keys()
    for overrides in (config["default"]["samrun"], config["prod"]["deploy"]):
        given = {each.partition("=")[0] for each in overrides["parameters"]["parameter_overrides"]}
        assert given >= {"MskClusterArn", "KafkaBootstrapServers"}
        assert given <= declared


@each_service
def test_the_functions_have_the_rights_that_their_calls_need_and_no_others(service: str) -> None:
    deployment = deployed(service)
    functions = deployment.of_type("AWS::Lambda::Function")
    assert functions.keys() == {name for name in ACTIONS if name.lower().startswith(service)}
    assert {name: deployment.actions(name) for name in functions} == {name: ACTIONS[name] for name in functions}
    assert [resource for name in functions for _, resource in deployment.grants(name) if resource == "*"] == []


@each_service
def test_without_iam_no_function_has_rights_on_kafka(service: str) -> None:
    deployment = deployed(service, KafkaAuthentication="none")
    actions = {action for name in deployment.of_type("AWS::Lambda::Function") for action in deployment.actions(name)}
    assert actions
    assert not any(action.startswith("kafka-cluster:") for action in actions)


@each_service
def test_the_mapping_has_a_group_of_its_own_that_its_pollers_may_use(service: str) -> None:
    deployment = deployed(service)
    group = mapping(deployment)["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"]
    assert group.endswith(f"-{service}")
    consumer = f"{service.capitalize()}ConsumerFunction"
    resources = {resource for action, resource in deployment.grants(consumer) if action == "kafka-cluster:AlterGroup"}
    assert {resource.rpartition("/")[2] for resource in resources} == {group}


@each_service
def test_the_mapping_passes_on_the_events_that_the_service_declares(service: str) -> None:
    declared = yaml.safe_load((folder(service) / "consumes.yaml").read_text())["events"]
    [criterion] = mapping(deployed(service))["FilterCriteria"]["Filters"]
    assert json.loads(criterion["Pattern"]) == {"value": {"type": list(declared)}}


@each_service
def test_the_mapping_retries_single_records_and_keeps_what_it_discards(service: str) -> None:
    deployment = deployed(service)
    found = mapping(deployment)
    bucket = f"{service.capitalize()}DeadLetterBucket"
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert found["BisectBatchOnFunctionError"] is True
    assert found["DestinationConfig"]["OnFailure"]["Destination"] == f"arn:aws:s3:::{bucket.lower()}"
    assert "ProvisionedPollerConfig" in found
    assert bucket in deployment.resources


@each_service
def test_the_service_makes_the_topic_that_it_publishes_to(service: str) -> None:
    deployment = deployed(service)
    [topic] = deployment.of_type("AWS::MSK::Topic").values()
    assert (topic["TopicName"], topic["ClusterArn"]) == (f"{service}-events", CLUSTER)
    relay = deployment.properties(f"{service.capitalize()}RelayFunction")
    assert relay["Environment"]["Variables"][f"{service.upper()}_EVENTS_TOPIC"] == topic["TopicName"]


@each_service
def test_every_alarm_reaches_the_topic_and_is_quiet_without_one(service: str) -> None:
    topic = "arn:aws:sns:eu-central-1:111122223333:alarms"
    alarms = deployed(service, AlarmTopicArn=topic).of_type("AWS::CloudWatch::Alarm").values()
    assert len(alarms) >= 3
    assert all(alarm["AlarmActions"] == alarm["OKActions"] == [topic] for alarm in alarms)
    silent = deployed(service).of_type("AWS::CloudWatch::Alarm").values()
    assert not any("AlarmActions" in alarm for alarm in silent)


@each_service
def test_alarms_on_own_metrics_use_metrics_that_the_code_counts(service: str) -> None:
    code = "".join(path.read_text() for path in (folder(service) / "src").rglob("*.py"))
    alarms = deployed(service).of_type("AWS::CloudWatch::Alarm").values()
    metrics = [alarm for alarm in alarms if "MetricName" in alarm]
    metrics += [
        each["MetricStat"]["Metric"] for alarm in alarms for each in alarm.get("Metrics", ()) if "MetricStat" in each
    ]
    own = [metric for metric in metrics if not metric["Namespace"].startswith("AWS/")]
    assert {metric["MetricName"] for metric in own} == {"OldestPendingSeconds", "RecordsDeadLettered"}
    assert all(f'name="{metric["MetricName"]}"' in code for metric in own)
    assert all(metric["Dimensions"] == [{"Name": "service", "Value": service}] for metric in own)


@each_service
def test_functions_that_speak_with_kafka_are_in_its_network(service: str) -> None:
    functions = deployed(service).of_type("AWS::Lambda::Function")
    with_kafka = {
        name for name, each in functions.items() if "KAFKA_BOOTSTRAP_SERVERS" in each["Environment"]["Variables"]
    }
    assert with_kafka
    assert {name for name, each in functions.items() if "VpcConfig" in each} == with_kafka


@each_service
def test_logs_end_and_data_outlives_the_stack(service: str) -> None:
    deployment = deployed(service)
    assert {int(each["RetentionInDays"]) for each in deployment.of_type("AWS::Logs::LogGroup").values()} == {30}
    source = source_of(folder(service) / "template.yaml")["Resources"]
    kept = [each for each in source.values() if each["Type"] in {"AWS::DynamoDB::Table", "AWS::S3::Bucket"}]
    assert len(kept) == 2
    assert all(each["DeletionPolicy"] == "RetainExceptOnCreate" for each in kept)


def test_a_shipment_waits_in_the_queue_for_the_delay_of_the_deployment() -> None:
    deployment = deployed("shipment", DispatchDelay="120")
    queue = deployment.properties("DispatchQueue")
    dispatcher = deployment.properties("ShipmentDispatcherFunction")
    assert int(queue["DelaySeconds"]) == 120
    assert queue["VisibilityTimeout"] == 6 * dispatcher["Timeout"]
    assert "DispatchDeadLetterQueue" in str(queue["RedrivePolicy"])


def test_the_relay_waits_longer_than_a_function_may_still_publish() -> None:
    for service in SERVICES:
        functions = deployed(service).of_type("AWS::Lambda::Function")
        publishing = [
            each["Timeout"]
            for name, each in functions.items()
            if f"{service.upper()}_EVENTS_TOPIC" in each["Environment"]["Variables"] and "Relay" not in name
        ]
        code = (folder(service) / f"src/{service}/relay.py").read_text()
        [seconds] = [
            int(line.partition("seconds=")[2].rstrip(")")) for line in code.splitlines() if "MIN_AGE =" in line
        ]
        assert seconds > max(publishing)
