"""Event source mapping: there is one, with the limits that notify is built for."""

from typing import Any

import pytest

from functions.notify.aws_clients import THREADS
from tests.template.deployment import Deployment, deploy
from tests.template.parameter_sets import CA_SECRET, CLUSTER, KAFKA_SECRET, PLAIN, REQUIRED, VPC

MAPPING = "AWS::Lambda::EventSourceMapping"


@pytest.fixture
def mapping(deployment: Deployment) -> dict[str, Any]:
    [only] = deployment.of_type(MAPPING).values()
    return only


def test_msk_has_its_own_kind_of_mapping(on_msk: Deployment) -> None:
    [(name, mapping)] = on_msk.of_type(MAPPING).items()
    assert name == "NotifyFromMsk"
    assert mapping["EventSourceArn"] == CLUSTER
    assert mapping["AmazonManagedKafkaEventSourceConfig"] == {"ConsumerGroupId": "shop-notify"}


def test_a_self_managed_cluster_has_its_own_kind_of_mapping(on_self_managed: Deployment) -> None:
    [(name, mapping)] = on_self_managed.of_type(MAPPING).items()
    assert name == "NotifyFromSelfManagedKafka"
    assert mapping["SelfManagedEventSource"] == {
        "Endpoints": {"KafkaBootstrapServers": ["b-1.shop.example:9098", "b-2.shop.example:9098"]}
    }
    assert mapping["SelfManagedKafkaEventSourceConfig"] == {"ConsumerGroupId": "shop-notify"}


IN_THE_NETWORK = [
    {"Type": "VPC_SUBNET", "URI": "subnet:subnet-a"},
    {"Type": "VPC_SUBNET", "URI": "subnet:subnet-b"},
    {"Type": "VPC_SECURITY_GROUP", "URI": "security_group:sg-a"},
]
WITH_PASSWORD = {"Type": "SASL_SCRAM_512_AUTH", "URI": KAFKA_SECRET}
WITH_CA = {"Type": "SERVER_ROOT_CA_CERTIFICATE", "URI": CA_SECRET}


def _access(deployment: Deployment) -> list[dict[str, str]]:
    """Return how the pollers reach the brokers and authenticate, from the one mapping."""
    [mapping] = deployment.of_type(MAPPING).values()
    access: list[dict[str, str]] = mapping.get("SourceAccessConfigurations", [])
    return access


def test_msk_mapping_with_iam_needs_no_access_configuration(on_msk: Deployment) -> None:
    assert _access(on_msk) == []


def test_pollers_authenticate_with_msk_with_the_scram_secret(on_msk_with_scram: Deployment) -> None:
    assert _access(on_msk_with_scram) == [WITH_PASSWORD]


@pytest.mark.parametrize(
    ("parameters", "authentication"),
    [
        ({"KafkaAuthentication": "none"}, []),
        ({"KafkaAuthentication": "tls"}, []),
        ({"KafkaAuthentication": "tls", "KafkaCaSecretArn": CA_SECRET}, [WITH_CA]),
        ({"KafkaAuthentication": "scram", "KafkaSecretArn": KAFKA_SECRET}, [WITH_PASSWORD]),
        (
            {"KafkaAuthentication": "scram", "KafkaSecretArn": KAFKA_SECRET, "KafkaCaSecretArn": CA_SECRET},
            [WITH_PASSWORD, WITH_CA],
        ),
    ],
    ids=["none", "tls", "tls and CA", "scram", "scram and CA"],
)
def test_pollers_of_a_self_managed_cluster_authenticate_as_order_does_from_its_network(
    parameters: dict[str, str], authentication: list[dict[str, str]]
) -> None:
    assert _access(deploy(**REQUIRED, **parameters)) == authentication
    assert _access(deploy(**REQUIRED, **VPC, **parameters)) == authentication + IN_THE_NETWORK


def test_pollers_use_up_to_three_subnets_and_one_security_group() -> None:
    subnets = "subnet-a,subnet-b,subnet-c,subnet-d"
    access = _access(deploy(**REQUIRED, SubnetIds=subnets, SecurityGroupIds="sg-a,sg-b", KafkaAuthentication="none"))
    assert [each["URI"] for each in access] == [
        "subnet:subnet-a",
        "subnet:subnet-b",
        "subnet:subnet-c",
        "security_group:sg-a",
    ]


def test_mapping_triggers_notify(mapping: dict[str, Any]) -> None:
    assert mapping["FunctionName"].endswith(":function:NotifyFunction")


def test_mapping_reads_the_topic_that_order_writes_from_its_beginning(
    deployment: Deployment, mapping: dict[str, Any]
) -> None:
    variables = deployment.properties("OrderFunction")["Environment"]["Variables"]
    assert mapping["Topics"] == [variables["ORDER_EVENTS_TOPIC"]]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"


def test_mapping_delivers_records_without_waiting(mapping: dict[str, Any]) -> None:
    assert mapping["BatchSize"] == 50
    assert mapping["BatchSize"] <= THREADS, "with fewer threads, a batch would wait for SES several times"
    assert mapping["MaximumBatchingWindowInSeconds"] == 0


def test_mapping_is_provisioned_and_reports_partial_batch_responses(mapping: dict[str, Any]) -> None:
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ProvisionedPollerConfig"] == {"MinimumPollers": "1", "MaximumPollers": "5"}


def test_numbers_of_pollers_are_parameters() -> None:
    [mapping] = deploy(**PLAIN, MinimumPollers="2", MaximumPollers="9").of_type(MAPPING).values()
    assert mapping["ProvisionedPollerConfig"] == {"MinimumPollers": "2", "MaximumPollers": "9"}


def test_mapping_publishes_metrics_of_lag_errors_and_discarded_records(mapping: dict[str, Any]) -> None:
    assert set(mapping["MetricsConfig"]["Metrics"]) == {"EventCount", "ErrorCount", "KafkaMetrics"}


def test_mapping_bisects_retries_for_six_hours_and_keeps_a_record_that_fails_the_function(
    deployment: Deployment, mapping: dict[str, Any]
) -> None:
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] == 10_000
    assert mapping["MaximumRecordAgeInSeconds"] == 6 * 60 * 60
    [bucket] = deployment.of_type("AWS::S3::Bucket")
    assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": f"arn:aws:s3:::{bucket.lower()}"}}


def test_mapping_discards_records_before_notify_would_let_them_expire(
    deployment: Deployment, mapping: dict[str, Any]
) -> None:
    variables = deployment.properties("NotifyFunction")["Environment"]["Variables"]
    assert mapping["MaximumRecordAgeInSeconds"] < int(variables["MAXIMUM_EVENT_AGE_SECONDS"])
