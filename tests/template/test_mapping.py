"""Event source mapping from order-events to notify: it has the limits that notify is built for."""

from datetime import timedelta
from typing import Any

import pytest

from functions.notify.aws_clients import THREADS
from functions.notify.notifying.delivery import TIME_TO_ANSWER, TIME_TO_SEND
from samrun.testing.templates import read_parameters
from tests.template.deployment import REGION, ROOT, TEMPLATE, Deployment, deploy, parameters_of
from tests.template.known import FROM_ORDERS, FROM_OTHERS, MAPPINGS
from tests.template.parameter_sets import CA_SECRET, CLUSTER, KAFKA_SECRET, OTHER_TOPICS, PLAIN, REQUIRED, VPC

MAPPING = "AWS::Lambda::EventSourceMapping"


@pytest.fixture
def mapping(deployment: Deployment) -> dict[str, Any]:
    return deployment.one_of(FROM_ORDERS)


def test_every_mapping_reads_the_cluster_of_the_deployment(deployment: Deployment) -> None:
    source = "EventSourceArn" if "NotifyFromMsk" in deployment.resources else "SelfManagedEventSource"
    assert [name for name, mapping in deployment.of_type(MAPPING).items() if source not in mapping] == []


def test_every_mapping_loses_no_record_because_of_another(deployment: Deployment) -> None:
    for name, mapping in deployment.of_type(MAPPING).items():
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"], name
        assert "ProvisionedPollerConfig" in mapping, f"{name}: only this mode has partial batch responses"
        assert mapping["BisectBatchOnFunctionError"] is True, name
        assert mapping["MaximumRecordAgeInSeconds"] > 0, name
        assert mapping["DestinationConfig"]["OnFailure"]["Destination"], name


def test_mappings_of_a_deployment_have_a_group_each(deployment: Deployment) -> None:
    groups = [_group(mapping) for mapping in deployment.of_type(MAPPING).values()]
    assert len(set(groups)) == len(groups), groups


def test_each_mapping_triggers_its_function(deployment: Deployment) -> None:
    for name, mapping in deployment.of_type(MAPPING).items():
        if name in MAPPINGS:
            assert mapping["FunctionName"].rpartition(":function:")[2] == MAPPINGS[name]


def test_msk_has_its_own_kind_of_mapping(on_msk: Deployment) -> None:
    assert on_msk.resources.keys() & FROM_ORDERS == {"NotifyFromMsk"}
    mapping = on_msk.properties("NotifyFromMsk")
    assert mapping["EventSourceArn"] == CLUSTER
    assert mapping["AmazonManagedKafkaEventSourceConfig"] == {"ConsumerGroupId": "shop-notify-order-events"}


def test_a_self_managed_cluster_has_its_own_kind_of_mapping(on_self_managed: Deployment) -> None:
    assert on_self_managed.resources.keys() & FROM_ORDERS == {"NotifyFromSelfManagedKafka"}
    mapping = on_self_managed.properties("NotifyFromSelfManagedKafka")
    assert mapping["SelfManagedEventSource"] == {
        "Endpoints": {"KafkaBootstrapServers": ["b-1.shop.example:9098", "b-2.shop.example:9098"]}
    }
    assert mapping["SelfManagedKafkaEventSourceConfig"] == {"ConsumerGroupId": "shop-notify-order-events"}


IN_THE_NETWORK = [
    {"Type": "VPC_SUBNET", "URI": "subnet:subnet-a"},
    {"Type": "VPC_SUBNET", "URI": "subnet:subnet-b"},
    {"Type": "VPC_SECURITY_GROUP", "URI": "security_group:sg-a"},
]
WITH_PASSWORD = {"Type": "SASL_SCRAM_512_AUTH", "URI": KAFKA_SECRET}
WITH_PLAIN_PASSWORD = {"Type": "BASIC_AUTH", "URI": KAFKA_SECRET}
WITH_CA = {"Type": "SERVER_ROOT_CA_CERTIFICATE", "URI": CA_SECRET}


def _access(deployment: Deployment) -> list[dict[str, str]]:
    """Return how the pollers reach the brokers and authenticate, from notify's mapping."""
    access: list[dict[str, str]] = deployment.one_of(FROM_ORDERS).get("SourceAccessConfigurations", [])
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
        ({"KafkaAuthentication": "plain", "KafkaSecretArn": KAFKA_SECRET}, [WITH_PLAIN_PASSWORD]),
        (
            {"KafkaAuthentication": "plain", "KafkaSecretArn": KAFKA_SECRET, "KafkaCaSecretArn": CA_SECRET},
            [WITH_PLAIN_PASSWORD, WITH_CA],
        ),
    ],
    ids=["none", "tls", "tls and CA", "scram", "scram and CA", "plain", "plain and CA"],
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


def test_mapping_reads_the_topic_that_order_writes_from_its_beginning(
    deployment: Deployment, mapping: dict[str, Any]
) -> None:
    variables = deployment.properties("OrderFunction")["Environment"]["Variables"]
    assert mapping["Topics"] == [variables["ORDER_EVENTS_TOPIC"]]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert "StartingPositionTimestamp" not in mapping


# Properties for whose sake CloudFormation replaces a mapping. For all others it asks Lambda to update the mapping, and
# Lambda changes neither the topic nor the group.
REPLACING = ("EventSourceArn", "SelfManagedEventSource", "StartingPosition", "StartingPositionTimestamp")


def test_cloudformation_replaces_a_mapping_for_nothing_but_its_source_and_its_starting_position() -> None:
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # it imports a library of mathematics

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region=REGION, resource_type=MAPPING).schema
    assert {path.removeprefix("/properties/") for path in schema["createOnlyProperties"]} == set(REPLACING)


@pytest.mark.parametrize("cluster", [{"MskClusterArn": CLUSTER}, {"KafkaAuthentication": "none"}], ids=["msk", "self"])
def test_new_time_replaces_the_mapping_by_one_with_another_group_from_that_time_on(cluster: dict[str, str]) -> None:
    mappings = [
        deploy(**REQUIRED, **VPC, **cluster, NotifyReadsFrom=time).one_of(FROM_ORDERS)
        for time in ("", "1790000000", "1790003600")
    ]
    assert [(each["StartingPosition"], each.get("StartingPositionTimestamp")) for each in mappings] == [
        ("TRIM_HORIZON", None),
        ("AT_TIMESTAMP", "1790000000"),
        ("AT_TIMESTAMP", "1790003600"),
    ]
    assert [_group(each) for each in mappings] == [
        "shop-notify-order-events",
        "shop-notify-order-events-1790000000",
        "shop-notify-order-events-1790003600",
    ]
    # CloudFormation creates the new mapping before it deletes the old one, and Lambda refuses a second mapping of one
    # topic to one function or alias.
    assert [each["FunctionName"].rpartition(":function:")[2] for each in mappings] == [
        "NotifyFunction",
        "NotifyFunction:from-1790000000",
        "NotifyFunction:from-1790003600",
    ]


def test_alias_of_a_time_is_the_code_that_is_deployed() -> None:
    alias = deploy(**PLAIN, NotifyReadsFrom="1790000000").properties("NotifyAlias")
    assert alias == {"FunctionName": "NotifyFunction", "FunctionVersion": "$LATEST", "Name": "from-1790000000"}
    assert "NotifyAlias" not in deploy(**PLAIN).resources


def test_notify_can_read_the_old_topic_while_order_writes_to_the_new_one() -> None:
    before = deploy(**REQUIRED, **VPC, MskClusterArn=CLUSTER)
    moving = deploy(**REQUIRED, **VPC, MskClusterArn=CLUSTER, OrderEventsTopic="orders.v2", NotifyTopic="order-events")
    after = deploy(**REQUIRED, **VPC, MskClusterArn=CLUSTER, OrderEventsTopic="orders.v2", NotifyReadsFrom="1790000000")
    written = [
        each.properties("OrderFunction")["Environment"]["Variables"]["ORDER_EVENTS_TOPIC"]
        for each in (before, moving, after)
    ]
    assert written == ["order-events", "orders.v2", "orders.v2"]
    assert moving.properties("NotifyFromMsk") == before.properties("NotifyFromMsk")
    assert moving.grants("NotifyFunction") == before.grants("NotifyFunction")
    assert after.properties("NotifyFromMsk")["Topics"] == ["orders.v2"]
    assert _group(after.properties("NotifyFromMsk")) == "shop-notify-orders.v2-1790000000"
    topics = {
        resource.rpartition("/")[2]
        for action, resource in after.grants("NotifyFunction")
        if action == "kafka-cluster:ReadData"
    }
    assert "orders.v2" in topics
    assert "order-events" not in topics


def _group(mapping: dict[str, Any]) -> str:
    config = mapping.get("AmazonManagedKafkaEventSourceConfig") or mapping["SelfManagedKafkaEventSourceConfig"]
    group: str = config["ConsumerGroupId"]
    return group


def test_mapping_delivers_records_without_waiting(mapping: dict[str, Any]) -> None:
    assert mapping["MaximumBatchingWindowInSeconds"] == 0


def test_batch_has_a_thread_for_each_record() -> None:
    declared = parameters_of(TEMPLATE)["BatchSize"]
    assert declared["MaxValue"] == THREADS, "with fewer threads, a batch would wait for SES several times"
    assert deploy(**PLAIN, BatchSize="7").one_of(FROM_ORDERS)["BatchSize"] == "7"


@pytest.mark.parametrize("environment", ["", "dev", "prod"], ids=["defaults", "dev", "prod"])
def test_full_batch_fits_into_an_invocation_at_the_rate_of_an_environment(environment: str) -> None:
    files = [f"file://parameters/{environment}.yaml"] if environment else []
    given = dict(read_parameters(files, source="parameters/", folder=ROOT))
    values = {name: str(declared.get("Default", "")) for name, declared in parameters_of(TEMPLATE).items()} | given
    timeout = deploy(**PLAIN).properties("NotifyFunction")["Timeout"]
    seconds = timedelta(seconds=timeout) - TIME_TO_SEND - TIME_TO_ANSWER
    rate = float(values["MailsPerSecond"]) / int(values["NotifyEnvironments"])
    assert int(values["BatchSize"]) <= seconds.total_seconds() * rate


def test_mapping_is_provisioned_and_reports_partial_batch_responses(mapping: dict[str, Any]) -> None:
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ProvisionedPollerConfig"] == {"MinimumPollers": "1", "MaximumPollers": "5"}


def test_numbers_of_pollers_are_parameters() -> None:
    mapping = deploy(**PLAIN, MinimumPollers="2", MaximumPollers="9").one_of(FROM_ORDERS)
    assert mapping["ProvisionedPollerConfig"] == {"MinimumPollers": "2", "MaximumPollers": "9"}


@pytest.mark.parametrize("cluster", [{}, {"MskClusterArn": CLUSTER, **VPC}], ids=["self-managed", "MSK"])
def test_mappings_of_a_group_share_their_pollers(cluster: dict[str, str]) -> None:
    mapping = deploy(**PLAIN, **cluster, PollerGroup="shop").one_of(FROM_ORDERS)
    assert mapping["ProvisionedPollerConfig"]["PollerGroupName"] == "shop"


def test_mapping_publishes_metrics_of_lag_errors_and_discarded_records(mapping: dict[str, Any]) -> None:
    assert set(mapping["MetricsConfig"]["Metrics"]) == {"EventCount", "ErrorCount", "KafkaMetrics"}


def test_mapping_logs_its_warnings_to_the_log_of_notify(mapping: dict[str, Any]) -> None:
    # In provisioned mode: https://docs.aws.amazon.com/lambda/latest/dg/esm-logging.html
    assert mapping["LoggingConfig"] == {"SystemLogLevel": "WARN"}
    assert "ProvisionedPollerConfig" in mapping


def test_mapping_bisects_retries_for_six_hours_and_keeps_a_record_that_fails_the_function(
    mapping: dict[str, Any],
) -> None:
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] == 10_000
    assert mapping["MaximumRecordAgeInSeconds"] == 6 * 60 * 60
    assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": "arn:aws:s3:::deadletterbucket"}}


def test_mapping_discards_records_before_notify_would_let_them_expire(
    deployment: Deployment, mapping: dict[str, Any]
) -> None:
    variables = deployment.properties("NotifyFunction")["Environment"]["Variables"]
    assert mapping["MaximumRecordAgeInSeconds"] < int(variables["MAXIMUM_EVENT_AGE_SECONDS"])


ON_EACH_CLUSTER = pytest.mark.parametrize(
    "cluster", [{"MskClusterArn": CLUSTER, **VPC}, {"KafkaAuthentication": "none"}], ids=["msk", "self"]
)


@ON_EACH_CLUSTER
@pytest.mark.parametrize(("topic", "names"), FROM_OTHERS.items())
def test_notify_reads_a_topic_of_another_service_as_it_reads_its_own_once_a_parameter_names_it(
    cluster: dict[str, str], topic: str, names: set[str]
) -> None:
    without = deploy(**REQUIRED, **cluster)
    assert without.resources.keys() & names == set()
    with_it = deploy(**REQUIRED, **cluster, **{topic: "events-of-others"})
    assert with_it.of_type(MAPPING).keys() - without.of_type(MAPPING).keys() == with_it.resources.keys() & names
    mapping, own = with_it.one_of(names), with_it.one_of(FROM_ORDERS)
    assert mapping["Topics"] == ["events-of-others"]
    assert _group(mapping) == "shop-notify-events-of-others"
    assert own == without.one_of(FROM_ORDERS)
    differing = {"Topics", "AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig"}
    assert {name for name in mapping.keys() | own.keys() if mapping.get(name) != own.get(name)} <= differing


@ON_EACH_CLUSTER
def test_a_time_for_the_orders_leaves_the_mappings_from_other_topics_alone(cluster: dict[str, str]) -> None:
    before, after = (
        deploy(**REQUIRED, **cluster, **OTHER_TOPICS, NotifyReadsFrom=time).of_type(MAPPING)
        for time in ("", "1790000000")
    )
    [changed] = (name for name in before if before[name] != after[name])
    assert changed in FROM_ORDERS


@pytest.mark.parametrize("topic", FROM_OTHERS)
def test_pollers_of_another_topic_may_read_it_and_commit_in_their_group_and_nothing_else(topic: str) -> None:
    cluster = {"MskClusterArn": CLUSTER, **VPC}
    without, with_it = (deploy(**REQUIRED, **cluster, **more) for more in ({}, {topic: "events-of-others"}))
    where = "arn:aws:kafka:eu-central-1:111122223333:{}/shop/abc-1/{}"
    read = where.format("topic", "events-of-others")
    commit = where.format("group", "shop-notify-events-of-others")
    assert with_it.grants("NotifyFunction") - without.grants("NotifyFunction") == {
        ("kafka-cluster:DescribeTopic", read),
        ("kafka-cluster:ReadData", read),
        ("kafka-cluster:AlterGroup", commit),
        ("kafka-cluster:DescribeGroup", commit),
    }
