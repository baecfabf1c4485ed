"""A replay of the topic: a new NotifyReadsFrom reads it again, as docs/operations.md has it, and mails nobody twice."""

import time
from collections.abc import Callable

import httpx
import pytest

from samrun.testing.waiting import eventually
from tests.system.order_stack import OrderStack

pytestmark = pytest.mark.xdist_group("replay")

HOUR = 60 * 60


def test_new_time_reads_the_topic_again_and_mails_nobody_twice(start: Callable[..., OrderStack]) -> None:
    stack = start()
    orders = []
    for number in range(3):
        answer = stack.place(f"pay-replay-{number}")
        assert answer.status_code == httpx.codes.CREATED
        orders.append(answer.json()["order_id"])
    stack.wait_for_mails_to([f"pay-replay-{number}" for number in range(3)])
    assert stack.logged("notification already sent") == []
    mailed = stack.recipients()
    stack.stop()

    an_hour_ago = str(int(time.time()) - HOUR)
    repeated = start(options=["--parameter-overrides", f"NotifyReadsFrom={an_hour_ago}"])
    eventually(lambda: len(repeated.logged("notification already sent")) >= len(orders), what="all records again")
    repeated.wait_until_idle()
    read = repeated.logged("notification already sent")
    assert all(any(f"order_id={order_id}" in line for line in read) for order_id in orders)
    assert len(repeated.logged("notification sent")) == len(
        orders
    )  # by the first stack, whose lines are in the same log
    assert repeated.recipients() == mailed
