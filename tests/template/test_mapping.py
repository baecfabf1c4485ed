"""The event source mapping: one, with the figures that notify is built for."""

from typing import Any

import pytest

from tests.template.conftest import CLUSTER
from tests.template.deployment import Deployment

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


def test_the_pollers_of_a_self_managed_cluster_run_in_its_network(on_self_managed: Deployment) -> None:
    [mapping] = on_self_managed.of_type(MAPPING).values()
    access = mapping["SourceAccessConfigurations"]
    assert {"Type": "VPC_SUBNET", "URI": "subnet:subnet-a"} in access
    assert {"Type": "VPC_SECURITY_GROUP", "URI": "security_group:sg-a"} in access


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
    assert mapping["MaximumBatchingWindowInSeconds"] == 0


def test_partial_answers_count_because_the_mode_is_provisioned(mapping: dict[str, Any]) -> None:
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ProvisionedPollerConfig"] == {"MinimumPollers": 1, "MaximumPollers": 5}


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
