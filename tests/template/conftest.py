"""The deployments that the template's promises hold for."""

import pytest

from tests.template.deployment import Deployment, deploy

CLUSTER = "arn:aws:kafka:eu-central-1:111122223333:cluster/shop/abc-1"
# Values of the parameters that have no default.
REQUIRED = {
    "KafkaBootstrapServers": "b-1.shop.example:9098,b-2.shop.example:9098",
    "SenderDomain": "shop.example",
    "TokenIssuer": "https://issuer.example",
}
LOGIN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:AmazonMSK_order-a1b2c3"
LOGIN_KEY = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
AUTHORITY = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:authority-a1b2c3"
# A cluster that anybody in its network may use, for what does not depend on the cluster.
PLAIN = {**REQUIRED, "KafkaAuthentication": "none"}
KEY = "arn:aws:kms:eu-central-1:123456789012:key/66666666-7777-8888-9999-000000000000"
VPC = {"SubnetIds": "subnet-a,subnet-b", "SecurityGroupIds": "sg-a"}


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
        KafkaSecretArn=LOGIN,
        KafkaSecretKeyArn=LOGIN_KEY,
    )


@pytest.fixture(scope="session")
def on_self_managed_with_scram() -> Deployment:
    return deploy(
        **REQUIRED,
        **VPC,
        KafkaAuthentication="scram",
        KafkaSecretArn=LOGIN,
        KafkaSecretKeyArn=LOGIN_KEY,
        KafkaCaSecretArn=AUTHORITY,
    )


@pytest.fixture(scope="session")
def under_a_key() -> Deployment:
    return deploy(**REQUIRED, **VPC, MskClusterArn=CLUSTER, KmsKeyArn=KEY)


@pytest.fixture(
    scope="session", params=["on_msk", "on_msk_with_scram", "on_self_managed", "on_self_managed_with_scram"]
)
def deployment(request: pytest.FixtureRequest) -> Deployment:
    """Each of them: what is true of all."""
    chosen: Deployment = request.getfixturevalue(request.param)
    return chosen
