"""Settings of `samrun mappings run`: which endpoints are on AWS, and in which region."""

from pathlib import Path

import pytest

from samrun.mapping_runner import RunnerSettings


@pytest.mark.parametrize(
    ("endpoint", "is_on_aws", "region"),
    [
        ("https://lambda.eu-central-1.amazonaws.com", True, "eu-central-1"),
        ("https://lambda-fips.us-gov-west-1.amazonaws.com", True, "us-gov-west-1"),
        ("https://lambda.cn-north-1.amazonaws.com.cn", True, "cn-north-1"),
        ("https://lambda.eu-central-1.api.aws", True, "eu-central-1"),
        ("http://127.0.0.1:3001", False, "us-east-1"),
        ("http://lambda.eu-central-1.localhost.localstack.cloud:4566", False, "us-east-1"),
        ("https://lambda.eu-central-1.amazonaws.com.example.com", False, "us-east-1"),
    ],
)
def test_endpoint_on_aws_has_its_own_region(endpoint: str, is_on_aws: bool, region: str) -> None:
    settings = RunnerSettings(
        lambda_endpoint=endpoint,
        template=None,
        overrides={},
        bootstrap=None,
        data=Path("data"),
        port=0,
        region="us-east-1",
    )
    assert (settings.is_on_aws, settings.signing_region) == (is_on_aws, region)
