"""The rules: parameters that do not fit each other are refused, in words, before anything is made."""

import pytest

from tests.template.conftest import AUTHORITY, CLUSTER, LOGIN, LOGIN_KEY, REQUIRED, VPC
from tests.template.deployment import refusals

MSK = {**VPC, "MskClusterArn": CLUSTER}
MSK_SCRAM = {**MSK, "KafkaAuthentication": "scram", "KafkaSecretArn": LOGIN, "KafkaSecretKeyArn": LOGIN_KEY}
SCRAM = {"KafkaAuthentication": "scram", "KafkaSecretArn": LOGIN}


@pytest.mark.parametrize(
    "parameters",
    [
        MSK,
        MSK_SCRAM,
        {**MSK, "KafkaAuthentication": "tls"},
        {**MSK, "KafkaAuthentication": "none"},
        SCRAM,
        {**SCRAM, **VPC, "KafkaSecretKeyArn": LOGIN_KEY, "KafkaCaSecretArn": AUTHORITY},
        {"KafkaAuthentication": "tls", "KafkaCaSecretArn": AUTHORITY},
        {"KafkaAuthentication": "none"},
    ],
)
def test_what_fits_is_not_refused(parameters: dict[str, str]) -> None:
    assert refusals(**REQUIRED, **parameters) == []


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, "KafkaAuthentication iam needs an MskClusterArn"),
        ({"KafkaAuthentication": "scram"}, "KafkaAuthentication scram needs a KafkaSecretArn"),
        ({**MSK, "KafkaSecretArn": LOGIN}, "KafkaSecretArn is for KafkaAuthentication scram"),
        ({**SCRAM, "KafkaAuthentication": "tls"}, "KafkaSecretArn is for KafkaAuthentication scram"),
        (
            {"KafkaAuthentication": "none", "KafkaCaSecretArn": AUTHORITY},
            "KafkaCaSecretArn is for KafkaAuthentication scram or tls",
        ),
        ({**MSK_SCRAM, "KafkaCaSecretArn": AUTHORITY}, "KafkaCaSecretArn is for a self-managed cluster"),
        ({**MSK_SCRAM, "KafkaSecretKeyArn": ""}, "MSK with scram needs a KafkaSecretKeyArn"),
        ({**MSK, "KafkaSecretKeyArn": LOGIN_KEY}, "KafkaSecretKeyArn needs a KafkaSecretArn or a KafkaCaSecretArn"),
        ({**MSK, "SubnetIds": ""}, "MSK needs SubnetIds"),
        ({**SCRAM, **VPC, "SecurityGroupIds": ""}, "SubnetIds needs SecurityGroupIds"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(parameters: dict[str, str], told: str) -> None:
    [refusal] = refusals(**REQUIRED, **parameters)
    assert refusal.startswith(told)
