"""An operation that the local AWS does not have, of a service that it has."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.local_aws import LocalAws


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        pytest.param(
            "kafka",
            "get_bootstrap_brokers",
            {"ClusterArn": "arn:aws:kafka:us-east-1:123456789012:cluster/a/b"},
            id="JSON",
        ),
        pytest.param(
            "iam", "generate_organizations_access_report", {"EntityPath": "o-a1b2c3d4e5/r-f6g7h8i9j0example"}, id="form"
        ),
        pytest.param("ec2", "describe_spot_datafeed_subscription", {}, id="EC2"),
    ],
)
def test_operation_that_moto_does_not_have_is_named_at_once(
    local_aws: LocalAws, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match=rf"samrun's local AWS \(moto\) .* operation of {service}") as refused:
        getattr(local_aws.client(service), operation)(**parameters)
    metadata = refused.value.response["ResponseMetadata"]
    assert refused.value.response["Error"]["Code"] == "UnsupportedOperationException"
    assert (metadata["HTTPStatusCode"], metadata["RetryAttempts"]) == (501, 0)
