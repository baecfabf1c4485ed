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
VPC = {"SubnetIds": "subnet-a,subnet-b", "SecurityGroupIds": "sg-a"}


@pytest.fixture(scope="session")
def on_msk() -> Deployment:
    return deploy(**REQUIRED, **VPC, MskClusterArn=CLUSTER)


@pytest.fixture(scope="session")
def on_self_managed() -> Deployment:
    return deploy(**REQUIRED, **VPC, KafkaAuthentication="none")


@pytest.fixture(scope="session", params=["on_msk", "on_self_managed"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    """Each of the two: what is true of both."""
    chosen: Deployment = request.getfixturevalue(request.param)
    return chosen
