"""infrastructure/msk.yaml: a cluster whose outputs fit the parameters of template.yaml."""

import base64
import json
import re
from typing import Any

import pytest

from tests.template.deployment import (
    MSK_TEMPLATE,
    REGION,
    TEMPLATE,
    Deployment,
    deploy,
    deploy_plain,
    parameters_of,
    refusals_of,
    source_of,
)
from tests.template.parameter_sets import CLUSTER, REQUIRED, VPC

DAY = 24 * 60 * 60
ENDPOINT = "AWS::EC2::VPCEndpoint"


@pytest.fixture(scope="module")
def with_iam() -> Deployment:
    return deploy_plain(MSK_TEMPLATE)


@pytest.fixture(scope="module")
def with_scram() -> Deployment:
    return deploy_plain(MSK_TEMPLATE, Scram="true", Zones="2", PollerEndpoints="true")


@pytest.fixture(scope="module", params=["with_iam", "with_scram"])
def stack(request: pytest.FixtureRequest) -> Deployment:
    """Each stack in turn, for tests that hold for both."""
    chosen: Deployment = request.getfixturevalue(request.param)
    return chosen


def _schema(kind: str) -> dict[str, Any]:
    """Return CloudFormation's schema of a type of resource."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # it imports a library of mathematics

    schema: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region=REGION, resource_type=kind).schema
    return schema


def _for_template(stack: Deployment) -> dict[str, str]:
    """Return the outputs that are parameters of template.yaml: all except the command that prints the brokers."""
    return {name: value for name, value in stack.outputs.items() if name != "KafkaBootstrapServersCommand"}


def test_every_parameter_has_a_default() -> None:
    assert [name for name, parameter in parameters_of(MSK_TEMPLATE).items() if "Default" not in parameter] == []


# Versions that MSK had for new clusters in November 2026, and some names of older ones.
VERSIONS = ["3.7.x", "3.7.x.kraft", "3.8.x", "3.8.x.kraft", "3.9.x", "3.9.x.kraft", "4.0.x.kraft", "4.1.x.kraft"]
OLD_VERSIONS = ["2.4.1.1", "2.8.2.tiered", "3.6.0"]


@pytest.mark.parametrize("version", VERSIONS + OLD_VERSIONS)
def test_every_version_that_msk_has_is_allowed(version: str) -> None:
    assert re.fullmatch(parameters_of(MSK_TEMPLATE)["KafkaVersion"]["AllowedPattern"], version)


@pytest.mark.parametrize("version", ["", "3", "latest", "3.9.x.zookeeper", "v3.9.x"])
def test_text_that_is_no_version_of_msk_is_refused(version: str) -> None:
    assert not re.fullmatch(parameters_of(MSK_TEMPLATE)["KafkaVersion"]["AllowedPattern"], version)


@pytest.mark.parametrize("broker", parameters_of(MSK_TEMPLATE)["BrokerType"]["AllowedValues"])
@pytest.mark.parametrize("version", VERSIONS)
def test_rules_refuse_small_brokers_with_kraft_as_msk_does(broker: str, version: str) -> None:
    found = refusals_of(MSK_TEMPLATE, BrokerType=broker, KafkaVersion=version)
    if broker == "kafka.t3.small" and version.endswith(".kraft"):
        assert [text.startswith("BrokerType kafka.t3.small needs KafkaVersion 3.7.x") for text in found] == [True]
    else:
        assert found == []


def test_rules_accept_the_defaults() -> None:
    assert refusals_of(MSK_TEMPLATE) == []


def test_version_of_kafka_can_be_updated_in_place() -> None:
    # A property that can only be set on creation would replace a resource, and both resources have fixed names.
    before, after = (deploy_plain(MSK_TEMPLATE, KafkaVersion=version) for version in ("3.8.x.kraft", "3.9.x.kraft"))
    changed = {
        (resource["Type"], name)
        for logical_id, resource in before.resources.items()
        for name, value in resource["Properties"].items()
        if after.properties(logical_id)[name] != value
    }
    assert changed == {("AWS::MSK::Cluster", "KafkaVersion")}
    schema = _schema("AWS::MSK::Cluster")
    assert "/properties/KafkaVersion" not in schema["createOnlyProperties"]


def test_outputs_are_parameters_of_the_template(stack: Deployment) -> None:
    assert _for_template(stack).keys() <= parameters_of(TEMPLATE).keys()


def test_template_can_be_deployed_with_the_outputs(with_iam: Deployment, with_scram: Deployment) -> None:
    # The template's rules and policies split ARNs, so the ARN needs its real form.
    arns = {"MskClusterArn": "arn:aws:kafka:eu-central-1:123456789012:cluster/shop/abc-1"}
    by_iam = deploy(**REQUIRED | _for_template(with_iam) | arns)
    assert by_iam.properties("OrderFunction")["VpcConfig"] == {
        "SubnetIds": ["SubnetA", "SubnetB", "SubnetC"],
        "SecurityGroupIds": ["Functions"],
    }
    assert "NotifyFromMsk" in by_iam.resources
    variables = deploy(**REQUIRED | _for_template(with_scram) | arns).properties("OrderFunction")["Environment"]
    assert variables["Variables"]["KAFKA_AUTHENTICATION"] == "scram"


@pytest.mark.parametrize(
    ("fixture", "listener"),
    [("with_iam", "BootstrapBrokerStringSaslIam"), ("with_scram", "BootstrapBrokerStringSaslScram")],
)
def test_output_is_a_command_that_prints_the_brokers(
    fixture: str, listener: str, request: pytest.FixtureRequest
) -> None:
    command: str = request.getfixturevalue(fixture).outputs["KafkaBootstrapServersCommand"]
    assert command.startswith("aws kafka get-bootstrap-brokers --region eu-central-1 --cluster-arn ")
    assert f" --query {listener} " in command


def test_cluster_refuses_clients_without_authentication_or_tls(stack: Deployment) -> None:
    cluster = stack.properties("Cluster")
    assert cluster["ClientAuthentication"]["Unauthenticated"] == {"Enabled": False}
    assert cluster["ClientAuthentication"]["Sasl"]["Iam"] == {"Enabled": True}
    assert cluster["EncryptionInfo"]["EncryptionInTransit"] == {"ClientBroker": "TLS", "InCluster": True}
    assert cluster["EncryptionInfo"]["EncryptionAtRest"]["DataVolumeKMSKeyId"].endswith("Key")


def test_scram_is_optional_and_its_secret_has_the_form_that_msk_requires(
    with_iam: Deployment, with_scram: Deployment
) -> None:
    assert with_iam.properties("Cluster")["ClientAuthentication"]["Sasl"]["Scram"] == {"Enabled": False}
    assert "Login" not in with_iam.resources
    assert with_scram.properties("Cluster")["ClientAuthentication"]["Sasl"]["Scram"] == {"Enabled": True}
    secret = with_scram.properties("Login")
    assert secret["Name"] == "AmazonMSK_shop"
    assert secret["KmsKeyId"].endswith("Key")
    assert secret["GenerateSecretString"]["GenerateStringKey"] == "password"
    assert json.loads(secret["GenerateSecretString"]["SecretStringTemplate"]) == {"username": "orders"}


@pytest.mark.parametrize(("zones", "minimum"), [("2", 1), ("3", 2)])
def test_each_zone_has_a_subnet_and_a_broker_with_a_copy(zones: str, minimum: int) -> None:
    stack = deploy_plain(MSK_TEMPLATE, Zones=zones)
    cluster = stack.properties("Cluster")
    assert cluster["NumberOfBrokerNodes"] == int(zones)
    assert len(cluster["BrokerNodeGroupInfo"]["ClientSubnets"]) == int(zones)
    assert len(stack.of_type("AWS::EC2::Subnet")) == int(zones)
    assert len(stack.of_type("AWS::EC2::SubnetRouteTableAssociation")) == int(zones)
    assert stack.properties("OrderEvents")["ReplicationFactor"] == int(zones)
    assert _configs(stack)["min.insync.replicas"] == str(minimum)


def test_cluster_creates_no_topics_by_itself(stack: Deployment) -> None:
    configuration = stack.properties("Configuration")["ServerProperties"].splitlines()
    assert "auto.create.topics.enable=false" in configuration
    assert "unclean.leader.election.enable=false" in configuration


def test_topic_keeps_events_for_seven_days_and_its_partitions_are_a_parameter() -> None:
    stack = deploy_plain(MSK_TEMPLATE, OrderEventsTopic="orders.v2", Partitions="12")
    topic = stack.properties("OrderEvents")
    assert (topic["TopicName"], topic["PartitionCount"]) == ("orders.v2", "12")
    assert _configs(stack)["retention.ms"] == str(7 * DAY * 1000)
    assert (stack.outputs["OrderEventsTopic"], stack.outputs["NotifyEnvironments"]) == ("orders.v2", "12")


def test_network_has_no_route_to_the_internet(stack: Deployment) -> None:
    kinds = {resource["Type"] for resource in stack.resources.values()}
    assert not kinds & {"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route"}


def test_network_has_the_endpoints_that_functions_and_pollers_need(
    with_iam: Deployment, with_scram: Deployment
) -> None:
    # Lambda asks for one of its on-failure destination's service; on-demand pollers also need those of Lambda and STS.
    assert _services(with_iam) == {"dynamodb", "s3"}
    assert _services(with_scram) == {"dynamodb", "s3", "secretsmanager", "lambda", "sts"}
    for endpoint in with_scram.of_type(ENDPOINT).values():
        if endpoint["VpcEndpointType"] == "Interface":
            assert endpoint["PrivateDnsEnabled"] is True
            assert endpoint["SecurityGroupIds"] == ["Endpoints"]


def test_default_network_has_only_endpoints_that_cost_nothing(with_iam: Deployment) -> None:
    endpoints = with_iam.of_type(ENDPOINT).values()
    assert {endpoint["VpcEndpointType"] for endpoint in endpoints} == {"Gateway"}
    assert all(endpoint["RouteTableIds"] == ["Routes"] for endpoint in endpoints)


def test_key_may_encrypt_the_brokers_log_group_and_no_other(stack: Deployment) -> None:
    group = stack.properties("BrokerLogs")["LogGroupName"]
    [logs] = (each for each in stack.properties("Key")["KeyPolicy"]["Statement"] if each["Sid"] == "LogsAreEncrypted")
    [arn] = logs["Condition"]["ArnLike"].values()
    assert arn.endswith(f":log-group:{group}")


def test_functions_and_pollers_reach_the_brokers_at_the_authenticated_ports_only(stack: Deployment) -> None:
    rules = stack.of_type("AWS::EC2::SecurityGroupIngress").values()
    assert {(rule["SourceSecurityGroupId"], rule["GroupId"]) for rule in rules} == {
        ("Functions", "Brokers"),
        ("Brokers", "Brokers"),
    }
    assert {(rule["FromPort"], rule["ToPort"]) for rule in rules} == {(9096, 9098)}
    assert "SecurityGroupIngress" not in stack.properties("Brokers")


def _services(stack: Deployment) -> set[str]:
    return {endpoint["ServiceName"].rpartition(".")[2] for endpoint in stack.of_type(ENDPOINT).values()}


def _configs(stack: Deployment) -> dict[str, Any]:
    configs: dict[str, Any] = json.loads(base64.b64decode(stack.properties("OrderEvents")["Configs"]))
    return configs


def test_volumes_grow_before_the_alarm_of_the_disk_rings() -> None:
    stack = deploy_plain(MSK_TEMPLATE, MaximumVolumeGigabytes="500")
    target = stack.properties("Volumes")
    assert (target["ServiceNamespace"], target["ScalableDimension"]) == ("kafka", "kafka:broker-storage:VolumeSize")
    assert target["ResourceId"] == stack.outputs["MskClusterArn"]
    assert target["MaxCapacity"] == "500"
    policy = stack.properties("VolumesGrow")["TargetTrackingScalingPolicyConfiguration"]
    assert policy["PredefinedMetricSpecification"] == {"PredefinedMetricType": "KafkaBrokerStorageUtilization"}
    assert policy["DisableScaleIn"] is True
    alarm = deploy(**REQUIRED, **VPC, MskClusterArn=CLUSTER).properties("BrokerDiskFills")
    # MSK takes 10 to 80, and AWS recommends 50 to 60.
    assert policy["TargetValue"] == 60 < alarm["Threshold"]


def test_another_topic_deletes_none_with_its_unread_events() -> None:
    # A new name makes a new topic, and CloudFormation deletes what it has replaced unless told otherwise.
    schema = _schema("AWS::MSK::Topic")
    assert "/properties/TopicName" in schema["createOnlyProperties"]
    topic = source_of(MSK_TEMPLATE)["Resources"]["OrderEvents"]
    assert (topic["UpdateReplacePolicy"], topic["DeletionPolicy"]) == ("Retain", "RetainExceptOnCreate")
