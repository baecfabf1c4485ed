"""A stack on the Kafka, DynamoDB and AWS of another, as `make run COMPOSE=1` is on those of containers."""

import os
from collections.abc import Callable

import boto3
import httpx
import pytest

from tests.system.running import RunningStack

pytestmark = pytest.mark.xdist_group("attached")


def test_a_stack_attaches_to_what_runs_elsewhere(start: Callable[..., RunningStack]) -> None:
    elsewhere = start(data="elsewhere", command="services")
    variables = {
        "KAFKA_BOOTSTRAP_SERVERS": elsewhere.endpoints["kafka"],
        "AWS_ENDPOINT_URL": elsewhere.endpoints["aws"],
        "AWS_ENDPOINT_URL_DYNAMODB": elsewhere.endpoints["dynamodb"],
    }
    stack = start(data="attached", environment=variables)
    assert [stack.endpoints[name] for name in ("kafka", "aws", "dynamodb")] == list(variables.values())
    assert not stack.logged("started "), "it starts no component of its own"

    order = stack.place("pay-attached")
    assert order.status_code == httpx.codes.CREATED
    stack.wait_for_mails_to(["pay-attached"])
    dynamodb = boto3.client(
        "dynamodb",
        endpoint_url=elsewhere.endpoints["dynamodb"],
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    key = {"order_id": {"S": order.json()["order_id"]}}
    assert dynamodb.get_item(TableName="OrdersTable", Key=key)["Item"]["order_id"] == key["order_id"]

    assert stack.stop() == os.EX_OK
    # The other one goes on, and what is in it is there for the next stack: neither its orders nor its mails are new.
    again = start(data="attached", environment=variables)
    assert again.get(f"/orders/{order.json()['order_id']}").status_code == httpx.codes.OK
    assert again.recipients() == ["pay-attached@example.com"]
