"""Clients of the local AWS."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from samrun.endpoints import Endpoints
from samrun.services.clients import clients
from support.local_aws import LocalAws


def test_clients_of_the_local_aws_use_no_proxy(monkeypatch: pytest.MonkeyPatch, local_aws: LocalAws) -> None:
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


def test_threads_share_one_client_of_a_service_that_does_not_wait_for_long() -> None:
    aws = "http://127.0.0.1:9"
    client = clients(
        Endpoints(api=None, lambda_=None, console="", aws=aws, dynamodb=aws, kafka="127.0.0.1:9"), "eu-central-1"
    )
    with ThreadPoolExecutor(8) as threads:
        [shared] = set(threads.map(client, ["sqs"] * 8))
    assert client("s3") is not shared
    assert shared.meta.config.read_timeout > 20, "a long poll of SQS takes 20 s"
    assert shared.meta.config.read_timeout * shared.meta.config.retries["total_max_attempts"] <= 60
