"""A stack of CloudFormation by moto, for the tools that look one up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tests.tools.dead_letters_template import REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Deploy a template as the stack `shop`."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "nobody")
    with mock_aws(config={"lambda": {"use_docker": False}, "iam": {"load_aws_managed_policies": False}}):
        boto3.client("iam", region_name=REGION).create_role(RoleName="notify", AssumeRolePolicyDocument="{}")
        cloudformation = boto3.client("cloudformation", region_name=REGION)
        yield lambda template: cloudformation.create_stack(StackName="shop", TemplateBody=json.dumps(template))
