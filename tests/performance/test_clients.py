"""Clients of AWS: none spends the third of a call's processor time that botocore would take for nothing."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.session import Session

from functions.notify.aws_clients import NO_RETRY_CONFIG, SHORT_TIMEOUT_CONFIG
from functions.order.storage.client import dynamodb_client


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


def is_quick(config: Any) -> bool:
    """Tell whether botocore neither checks parameters nor builds its own user agent, which starts like this one."""
    user_agent = str(config.user_agent)
    return not config.parameter_validation and user_agent.startswith("Boto3/") and "botocore" not in user_agent.lower()


def test_orders_client_checks_no_parameters_and_builds_no_user_agent() -> None:
    assert is_quick(dynamodb_client().meta.config)


@pytest.mark.parametrize("config", [NO_RETRY_CONFIG, SHORT_TIMEOUT_CONFIG])
def test_notifys_clients_check_no_parameters_and_build_no_user_agent(config: Any) -> None:
    assert is_quick(config)


def test_a_client_by_botocores_defaults_is_found() -> None:
    assert not is_quick(Session().create_client("dynamodb").meta.config)
