"""How the services are reached."""

import pytest

from local.endpoints import Endpoints
from local.services import clients
from tests.local.conftest import LocalAws


def test_no_proxy_is_asked_for_what_is_on_this_machine(monkeypatch: pytest.MonkeyPatch, local_aws: LocalAws) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    endpoints = Endpoints(
        api=None, lambda_=None, console="", aws=local_aws.url, dynamodb=local_aws.url, kafka="127.0.0.1:9"
    )
    client = clients(endpoints, "eu-central-1")
    assert client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert client("dynamodb").list_tables()["TableNames"] == []
