"""The event source mapping: one, with the figures that notify is built for."""

from typing import Any

import pytest

from functions.notify.aws import THREADS
from tests.template.conftest import AUTHORITY, CLUSTER, LOGIN, PLAIN, REQUIRED, VPC
from tests.template.deployment import Deployment, deploy

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
BY_PASSWORD = {"Type": "SASL_SCRAM_512_AUTH", "URI": LOGIN}
TRUSTING = {"Type": "SERVER_ROOT_CA_CERTIFICATE", "URI": AUTHORITY}


def _access(deployment: Deployment) -> list[dict[str, str]]:
    """Return how the pollers reach the brokers and log in to them, as the one mapping says it."""
    [mapping] = deployment.of_type(MAPPING).values()
    access: list[dict[str, str]] = mapping.get("SourceAccessConfigurations", [])
    return access


def test_msks_own_network_and_login_need_no_word(on_msk: Deployment) -> None:
    assert _access(on_msk) == []


def test_the_pollers_log_in_to_msk_with_the_secret_of_scram(on_msk_with_scram: Deployment) -> None:
    assert _access(on_msk_with_scram) == [BY_PASSWORD]


@pytest.mark.parametrize(
    ("parameters", "login"),
    [
        ({"KafkaAuthentication": "none"}, []),
        ({"KafkaAuthentication": "tls"}, []),
        ({"KafkaAuthentication": "tls", "KafkaCaSecretArn": AUTHORITY}, [TRUSTING]),
        ({"KafkaAuthentication": "scram", "KafkaSecretArn": LOGIN}, [BY_PASSWORD]),
        (
            {"KafkaAuthentication": "scram", "KafkaSecretArn": LOGIN, "KafkaCaSecretArn": AUTHORITY},
            [BY_PASSWORD, TRUSTING],
        ),
    ],
    ids=["none", "tls", "tls and authority", "scram", "scram and authority"],
)
def test_the_pollers_of_a_self_managed_cluster_log_in_as_order_does_from_its_network(
    parameters: dict[str, str], login: list[dict[str, str]]
) -> None:
    assert _access(deploy(**REQUIRED, **parameters)) == login
    assert _access(deploy(**REQUIRED, **VPC, **parameters)) == login + IN_THE_NETWORK


def test_up_to_three_subnets_are_the_pollers() -> None:
    subnets = "subnet-a,subnet-b,subnet-c,subnet-d"
    access = _access(deploy(**REQUIRED, SubnetIds=subnets, SecurityGroupIds="sg-a,sg-b", KafkaAuthentication="none"))
    assert [each["URI"] for each in access] == [
        "subnet:subnet-a",
        "subnet:subnet-b",
        "subnet:subnet-c",
        "security_group:sg-a",
    ]


def test_it_triggers_notify(mapping: dict[str, Any]) -> None:
    assert mapping["FunctionName"].endswith(":function:NotifyFunction")


def test_it_reads_the_topic_that_order_writes_from_its_beginning(
    deployment: Deployment, mapping: dict[str, Any]
) -> None:
    variables = deployment.properties("OrderFunction")["Environment"]["Variables"]
    assert mapping["Topics"] == [variables["ORDER_EVENTS_TOPIC"]]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"


def test_it_hands_over_at_once_what_is_there(mapping: dict[str, Any]) -> None:
    assert mapping["BatchSize"] == 50
    assert mapping["BatchSize"] <= THREADS, "a batch would wait for SES several times"
    assert mapping["MaximumBatchingWindowInSeconds"] == 0


def test_partial_answers_count_because_the_mode_is_provisioned(mapping: dict[str, Any]) -> None:
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ProvisionedPollerConfig"] == {"MinimumPollers": "1", "MaximumPollers": "5"}


def test_how_many_pollers_there_are_is_told_by_parameters() -> None:
    [mapping] = deploy(**PLAIN, MinimumPollers="2", MaximumPollers="9").of_type(MAPPING).values()
    assert mapping["ProvisionedPollerConfig"] == {"MinimumPollers": "2", "MaximumPollers": "9"}


def test_the_mapping_tells_its_lag_and_what_it_gave_up(mapping: dict[str, Any]) -> None:
    assert set(mapping["MetricsConfig"]["Metrics"]) == {"EventCount", "ErrorCount", "KafkaMetrics"}


def test_a_record_that_fails_the_whole_function_is_isolated_tried_for_six_hours_and_kept(
    deployment: Deployment, mapping: dict[str, Any]
) -> None:
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] == 10_000
    assert mapping["MaximumRecordAgeInSeconds"] == 6 * 60 * 60
    [bucket] = deployment.of_type("AWS::S3::Bucket")
    assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": f"arn:aws:s3:::{bucket.lower()}"}}


def test_the_mapping_gives_records_up_before_notify_would_let_them_expire(
    deployment: Deployment, mapping: dict[str, Any]
) -> None:
    variables = deployment.properties("NotifyFunction")["Environment"]["Variables"]
    assert mapping["MaximumRecordAgeInSeconds"] < int(variables["MAXIMUM_EVENT_AGE_SECONDS"])
