"""A stack that uses external services, as with `make run COMPOSE=1` it uses containers."""

import os
from collections.abc import Callable

import httpx
import pytest

from tests.system.order_stack import OrderStack

pytestmark = pytest.mark.xdist_group("services")


def test_stack_uses_external_services_that_run_already(start: Callable[..., OrderStack], services: OrderStack) -> None:
    variables = {
        "KAFKA_BOOTSTRAP_SERVERS": services.endpoints["kafka"],
        "AWS_ENDPOINT_URL": services.endpoints["aws"],
        "AWS_ENDPOINT_URL_DYNAMODB": services.endpoints["dynamodb"],
    }
    stack = start(data="connected", environment=variables)
    assert [stack.endpoints[name] for name in ("kafka", "aws", "dynamodb")] == list(variables.values())
    assert not stack.logged("started "), "it starts no component of its own"

    order = stack.place("pay-connected")
    assert order.status_code == httpx.codes.CREATED
    stack.wait_for_mails_to(["pay-connected"])
    assert order.json()["order_id"] in {item["order_id"] for item in services.items("OrdersTable")}

    assert stack.stop() == os.EX_OK
    # The services run on, and the next stack finds the orders and the mails in them.
    second = start(data="connected", environment=variables)
    assert second.get(f"/orders/{order.json()['order_id']}").status_code == httpx.codes.OK
    assert second.recipients() == ["pay-connected@example.com"]
