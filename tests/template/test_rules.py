"""Rules: CloudFormation refuses parameters that do not fit each other, with a message, before it creates anything."""

import pytest

from tests.template.deployment import refusals
from tests.template.parameter_sets import CA_SECRET, CLUSTER, KAFKA_SECRET, KAFKA_SECRET_KEY, REQUIRED, VPC

MSK = {**VPC, "MskClusterArn": CLUSTER}
MSK_SCRAM = {
    **MSK,
    "KafkaAuthentication": "scram",
    "KafkaSecretArn": KAFKA_SECRET,
    "KafkaSecretKeyArn": KAFKA_SECRET_KEY,
}
SCRAM = {"KafkaAuthentication": "scram", "KafkaSecretArn": KAFKA_SECRET}


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
        {"KafkaAuthentication": "none"},
    ],
)
def test_rules_accept_parameters_that_fit(parameters: dict[str, str]) -> None:
    assert refusals(**REQUIRED, **parameters) == []


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "KafkaAuthentication iam needs an MskClusterArn"),
        ({"KafkaAuthentication": "scram"}, "KafkaAuthentication scram needs a KafkaSecretArn"),
        ({**MSK, "KafkaSecretArn": KAFKA_SECRET}, "KafkaSecretArn is for KafkaAuthentication scram"),
        ({**SCRAM, "KafkaAuthentication": "tls"}, "KafkaSecretArn is for KafkaAuthentication scram"),
        (
            {"KafkaAuthentication": "none", "KafkaCaSecretArn": CA_SECRET},
            "KafkaCaSecretArn is for KafkaAuthentication scram or tls",
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
    [refusal] = refusals(**REQUIRED, **parameters)
    assert refusal.startswith(message)
