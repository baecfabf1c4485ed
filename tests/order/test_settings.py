"""Settings: read from the environment, and one message for all that is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from functions.order.settings import ApiSettings, KafkaSettings, RelaySettings, SettingsError
from tests.order.environment import API_ENVIRONMENT, plain_deployment

ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:AmazonMSK_order-a1b2c3"
OF_THE_API = {"ORDERS_READ_ALL_SCOPE", "ORDERS_WRITE_SCOPE"}
OF_BOTH = {
    "KAFKA_AUTHENTICATION",
    "KAFKA_BOOTSTRAP_SERVERS",
    "KAFKA_CA_SECRET_ARN",
    "KAFKA_SECRET_ARN",
    "ORDERS_TABLE",
    "ORDER_EVENTS_TOPIC",
    "POWERTOOLS_METRICS_NAMESPACE",
}
KAFKA = KafkaSettings(
    topic="order-events", servers="kafka.example:9092", authentication="none", secret_arn="", ca_secret_arn=""
)


WHERE = "Set the function's environment variables in template.yaml."
BROKERS = "host:port of the brokers, with commas between"


def message_of(settings: type[RelaySettings], environment: dict[str, str]) -> str:
    """Return the message of the SettingsError that this environment causes."""
    with pytest.raises(SettingsError) as raised:
        settings.from_environment(environment)
    return str(raised.value)


def test_the_api_reads_its_settings() -> None:
    assert ApiSettings.from_environment(API_ENVIRONMENT) == ApiSettings(
        table="orders",
        kafka=KAFKA,
        write_scope="orders:write",
        read_all_scope="orders:read:all",
        is_sam_local=False,
        connects_at_start=False,
    )


def test_the_relay_needs_no_scope() -> None:
    environment = {name: text for name, text in API_ENVIRONMENT.items() if name not in OF_THE_API}
    assert RelaySettings.from_environment(environment) == RelaySettings(table="orders", kafka=KAFKA)


@pytest.mark.parametrize(
    ("settings", "names"), [(ApiSettings, OF_BOTH | OF_THE_API), (RelaySettings, OF_BOTH)], ids=["API", "relay"]
)
def test_one_message_names_every_missing_variable(settings: type[RelaySettings], names: set[str]) -> None:
    message = message_of(settings, {})
    assert {name for name in OF_BOTH | OF_THE_API if f"{name} is missing: set it to " in message} == names
    assert message.endswith(f". {WHERE}")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "KAFKA_AUTHENTICATION",
            "sasl",
            "KAFKA_AUTHENTICATION is malformed: set it to iam or none or plain or scram or tls.",
        ),
        (
            "KAFKA_BOOTSTRAP_SERVERS",
            "kafka.example",
            f"KAFKA_BOOTSTRAP_SERVERS is malformed: set it to {BROKERS}.",
        ),
        (
            "KAFKA_BOOTSTRAP_SERVERS",
            "kafka.example:909200",
            f"KAFKA_BOOTSTRAP_SERVERS is malformed: set it to {BROKERS}.",
        ),
        (
            "KAFKA_BOOTSTRAP_SERVERS",
            "a:9092, b:9092",
            f"KAFKA_BOOTSTRAP_SERVERS is malformed: set it to {BROKERS}.",
        ),
        (
            "ORDER_EVENTS_TOPIC",
            "order events",
            "ORDER_EVENTS_TOPIC is malformed: set it to the name of the Kafka topic of order events.",
        ),
        ("ORDERS_TABLE", "", "ORDERS_TABLE is malformed: set it to the name of the DynamoDB table of orders."),
        (
            "ORDERS_WRITE_SCOPE",
            "",
            "ORDERS_WRITE_SCOPE is malformed: set it to the scope that places and cancels orders.",
        ),
        (
            "ORDERS_READ_ALL_SCOPE",
            "a b",
            "ORDERS_READ_ALL_SCOPE is malformed: set it to the scope that reads all orders.",
        ),
        (
            "POWERTOOLS_METRICS_NAMESPACE",
            "",
            "POWERTOOLS_METRICS_NAMESPACE is malformed: set it to the namespace of the metrics.",
        ),
        (
            "KAFKA_CA_SECRET_ARN",
            "hunter2",
            "KAFKA_CA_SECRET_ARN is malformed: set it to the ARN of a secret, or to an empty text.",
        ),
    ],
)
def test_the_message_names_a_malformed_variable_and_its_form(name: str, text: str, message: str) -> None:
    assert message_of(ApiSettings, {**API_ENVIRONMENT, name: text}) == f"{message} {WHERE}"


@pytest.mark.parametrize("name", sorted(OF_BOTH | OF_THE_API))
def test_no_message_quotes_a_malformed_value(name: str) -> None:
    malformed = "" if name == "POWERTOOLS_METRICS_NAMESPACE" else "hunter2 "
    message = message_of(ApiSettings, {**API_ENVIRONMENT, name: malformed})
    assert message.startswith(f"{name} is malformed: set it to ")
    assert "hunter2" not in message
    assert "'" not in message.removesuffix(WHERE)


@pytest.mark.parametrize("method", ["scram", "plain"])
def test_password_needs_a_secret(method: str) -> None:
    message = message_of(RelaySettings, {**API_ENVIRONMENT, "KAFKA_AUTHENTICATION": method})
    assert message.startswith("KAFKA_SECRET_ARN is empty: set it to the ARN of a secret of the form ")
    assert message.endswith(f"which KAFKA_AUTHENTICATION={method} needs. {WHERE}")
    complete = {**API_ENVIRONMENT, "KAFKA_AUTHENTICATION": method, "KAFKA_SECRET_ARN": ARN}
    assert RelaySettings.from_environment(complete).kafka.secret_arn == ARN


@pytest.mark.parametrize(
    ("initialization", "expected"),
    [("on-demand", True), ("provisioned-concurrency", True), ("snap-start", False), (None, False)],
)
def test_the_api_connects_at_start_only_where_lambda_takes_no_snapshot(
    initialization: str | None, *, expected: bool
) -> None:
    variable = {"AWS_LAMBDA_INITIALIZATION_TYPE": initialization} if initialization else {}
    assert ApiSettings.from_environment({**API_ENVIRONMENT, **variable}).connects_at_start is expected


@pytest.mark.parametrize(("text", "expected"), [("true", True), ("false", False), ("", False)])
def test_sam_local_says_that_it_is(text: str, *, expected: bool) -> None:
    assert ApiSettings.from_environment({**API_ENVIRONMENT, "AWS_SAM_LOCAL": text}).is_sam_local is expected


class Recording(dict[str, str]):
    """An environment that records which names are read."""

    def __init__(self, variables: dict[str, str]) -> None:
        super().__init__(variables)
        self.read: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)


@pytest.mark.parametrize(
    ("function", "settings", "set_by_aws"),
    [
        ("OrderFunction", ApiSettings, {"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_SAM_LOCAL"}),
        ("RelayFunction", RelaySettings, set()),
    ],
    ids=["API", "relay"],
)
def test_the_template_sets_exactly_the_variables_that_a_function_reads(
    function: str, settings: type[RelaySettings], set_by_aws: set[str]
) -> None:
    environment = Recording(plain_deployment().properties(function)["Environment"]["Variables"])
    read = settings.from_environment(environment)
    assert (read.table, read.kafka.topic) == ("OrdersTable", "order-events")
    of_libraries = {name for name in environment if name.startswith(("POWERTOOLS_SERVICE_NAME", "AWS_ENDPOINT_URL"))}
    assert environment.read - set_by_aws == environment.keys() - of_libraries
