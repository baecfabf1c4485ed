"""Deployments of the template, one for each kind of cluster and authentication."""

import pytest

from tests.template.deployment import Deployment, deploy
from tests.template.parameter_sets import CA_SECRET, CLUSTER, KAFKA_SECRET, KAFKA_SECRET_KEY, KEY, REQUIRED, VPC


@pytest.fixture(scope="session")
def on_msk() -> Deployment:
    return deploy(**REQUIRED, **VPC, MskClusterArn=CLUSTER)


@pytest.fixture(scope="session")
def on_self_managed() -> Deployment:
    return deploy(**REQUIRED, **VPC, KafkaAuthentication="none")


@pytest.fixture(scope="session")
def on_msk_with_scram() -> Deployment:
    return deploy(
        **REQUIRED,
        **VPC,
        MskClusterArn=CLUSTER,
        KafkaAuthentication="scram",
        KafkaSecretArn=KAFKA_SECRET,
        KafkaSecretKeyArn=KAFKA_SECRET_KEY,
    )


@pytest.fixture(scope="session")
def on_self_managed_with_scram() -> Deployment:
    return deploy(
        **REQUIRED,
        **VPC,
        KafkaAuthentication="scram",
        KafkaSecretArn=KAFKA_SECRET,
        KafkaSecretKeyArn=KAFKA_SECRET_KEY,
        KafkaCaSecretArn=CA_SECRET,
    )


@pytest.fixture(scope="session")
def under_a_key() -> Deployment:
    return deploy(**REQUIRED, **VPC, MskClusterArn=CLUSTER, KmsKeyArn=KEY)


@pytest.fixture(scope="session")
def with_text_messages() -> Deployment:
    return deploy(**REQUIRED, **VPC, MskClusterArn=CLUSTER, TextMessages="true")


@pytest.fixture(
    scope="session", params=["on_msk", "on_msk_with_scram", "on_self_managed", "on_self_managed_with_scram"]
)
def deployment(request: pytest.FixtureRequest) -> Deployment:
    """Each deployment in turn, for tests that hold for all of them."""
    chosen: Deployment = request.getfixturevalue(request.param)
    return chosen
