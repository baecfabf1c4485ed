"""Clients of DynamoDB: botocore spends no third of a call's processor time on checks and a user agent of its own."""

from __future__ import annotations

from typing import Any

import boto3
import botocore
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ParamValidationError

from functions.notify.aws_clients import NO_RETRY_CONFIG, SHORT_TIMEOUT_CONFIG
from functions.order.storage.client import dynamodb_client


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")


class Empty:
    """Body of an answer without content."""

    def stream(self) -> list[bytes]:
        return [b"{}"]


def user_agent_of(client: Any) -> str:
    """Return the user agent of a call with a parameter of the wrong type, which the hook answers."""
    sent: list[str] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        sent.append(request.headers["User-Agent"].decode())
        return AWSResponse(request.url, 200, HTTPHeaders(), Empty())

    client.meta.events.register("before-send.dynamodb", answer)
    client.get_item(TableName="orders", Key={"order_id": {"S": "ord_1"}}, ConsistentRead="yes")
    return "".join(sent)


def fixed_user_agent(name: str) -> str:
    """Return the user agent that we set, with what boto3 adds to it once; Powertools may add to that."""
    return f"Boto3/{boto3.__version__} {name} Botocore/{botocore.__version__}"


def test_orders_client_checks_no_parameters_and_builds_no_user_agent() -> None:
    assert user_agent_of(dynamodb_client()).startswith(fixed_user_agent("order"))


@pytest.mark.parametrize("config", [NO_RETRY_CONFIG, SHORT_TIMEOUT_CONFIG])
def test_notifys_clients_check_no_parameters_and_build_no_user_agent(config: Any) -> None:
    assert user_agent_of(boto3.client("dynamodb", config=config)).startswith(fixed_user_agent("notify"))


def test_a_client_by_botocores_defaults_checks_parameters() -> None:
    with pytest.raises(ParamValidationError, match="ConsistentRead"):
        user_agent_of(boto3.client("dynamodb"))
