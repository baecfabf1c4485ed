"""Rules: CloudFormation refuses parameters that do not fit each other, with a message, before it creates anything."""

import pytest

from tests.template.deployment import TEMPLATE, parameters_of, refusals
from tests.template.parameter_sets import CA_SECRET, CLUSTER, KAFKA_SECRET, KAFKA_SECRET_KEY, REQUIRED, VPC

MSK = {**VPC, "MskClusterArn": CLUSTER}
MSK_SCRAM = {
    **MSK,
    "KafkaAuthentication": "scram",
    "KafkaSecretArn": KAFKA_SECRET,
    "KafkaSecretKeyArn": KAFKA_SECRET_KEY,
}
SCRAM = {"KafkaAuthentication": "scram", "KafkaSecretArn": KAFKA_SECRET}
NONE = {"KafkaAuthentication": "none"}


@pytest.mark.parametrize(
    "parameters",
    [
        MSK,
        MSK_SCRAM,
        {**MSK, "KafkaAuthentication": "tls"},
        {**MSK, "KafkaAuthentication": "none"},
        SCRAM,
        {**SCRAM, **VPC, "KafkaSecretKeyArn": KAFKA_SECRET_KEY, "KafkaCaSecretArn": CA_SECRET},
        {"KafkaAuthentication": "tls", "KafkaCaSecretArn": CA_SECRET},
        NONE,
        {**SCRAM, "KafkaAuthentication": "plain"},
        {**SCRAM, **VPC, "KafkaAuthentication": "plain", "KafkaCaSecretArn": CA_SECRET},
        {**NONE, "Environment": "test", "OrderEventsTopic": "order-events-dev"},
        {**NONE, "Environment": "test", "OrderEventsTopic": "orders.v2", "NotifyTopic": "order-events-dev"},
        {**NONE, "OrderEventsTopic": "orders.v2", "NotifyTopic": "order-events"},
    ],
)
def test_rules_accept_parameters_that_fit(parameters: dict[str, str]) -> None:
    assert refusals(**REQUIRED | parameters) == []


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "KafkaAuthentication iam needs an MskClusterArn"),
        ({"KafkaAuthentication": "scram"}, "KafkaAuthentication scram or plain needs a KafkaSecretArn"),
        ({"KafkaAuthentication": "plain"}, "KafkaAuthentication scram or plain needs a KafkaSecretArn"),
        ({**MSK_SCRAM, "KafkaAuthentication": "plain"}, "KafkaAuthentication plain is for a self-managed cluster"),
        ({**MSK, "KafkaSecretArn": KAFKA_SECRET}, "KafkaSecretArn is for KafkaAuthentication scram or plain"),
        ({**SCRAM, "KafkaAuthentication": "tls"}, "KafkaSecretArn is for KafkaAuthentication scram or plain"),
        ({**NONE, "KafkaCaSecretArn": CA_SECRET}, "KafkaCaSecretArn is for KafkaAuthentication scram, plain or tls"),
        ({**NONE, "Environment": "test"}, "Environment test needs an OrderEventsTopic of its own"),
        (
            {**NONE, "Environment": "test", "OrderEventsTopic": "order-events-dev", "NotifyTopic": "order-events"},
            "Environment test needs another NotifyTopic",
        ),
        ({**MSK_SCRAM, "KafkaCaSecretArn": CA_SECRET}, "KafkaCaSecretArn is for a self-managed cluster"),
        ({**MSK_SCRAM, "KafkaSecretKeyArn": ""}, "MSK with scram needs a KafkaSecretKeyArn"),
        (
            {**MSK, "KafkaSecretKeyArn": KAFKA_SECRET_KEY},
            "KafkaSecretKeyArn needs a KafkaSecretArn or a KafkaCaSecretArn",
        ),
        ({**MSK, "SubnetIds": ""}, "MSK needs SubnetIds"),
        ({**SCRAM, **VPC, "SecurityGroupIds": ""}, "SubnetIds needs SecurityGroupIds"),
    ],
)
def test_rules_refuse_parameters_that_do_not_fit_with_a_message(parameters: dict[str, str], message: str) -> None:
    [refusal] = refusals(**REQUIRED | parameters)
    assert refusal.startswith(message)


@pytest.mark.parametrize("maximum", [1, 2, 3, 4, 5, 6, 50, 2000])
def test_rules_accept_exactly_the_minima_of_pollers_that_are_not_above_the_maximum(maximum: int) -> None:
    minima = parameters_of(TEMPLATE)["MinimumPollers"]["AllowedValues"]
    assert minima == [1, 2, 3, 4, 5]
    for minimum in minima:
        found = refusals(**REQUIRED, **NONE, MinimumPollers=str(minimum), MaximumPollers=str(maximum))
        message = f"MinimumPollers must not be above MaximumPollers, which is {maximum}."
        assert found == ([] if minimum <= maximum else [message])
