"""Events that `samrun generate-event` makes of records in a topic: the function accepts them."""

import base64
import json
import subprocess
import sys
from typing import Any

import pytest

from tests.project import ROOT
from tests.system.order_stack import OrderStack

pytestmark = pytest.mark.xdist_group("shared-stack")


def generated(samrun: OrderStack, *arguments: str) -> bytes:
    command = [sys.executable, "-m", "samrun", "generate-event", "self-managed-kafka", "--data", str(samrun.data)]
    done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.encode()


def only_record(event: bytes) -> dict[str, Any]:
    [[record]] = json.loads(event)["records"].values()
    assert isinstance(record, dict)
    return record


def test_the_function_takes_the_event_of_a_record_and_knows_that_it_was_sent(samrun: OrderStack) -> None:
    order_id = samrun.place("pay-1").json()["order_id"]
    event = generated(samrun, "--from-topic", "order-events")
    assert base64.b64decode(only_record(event)["key"]).decode() == order_id
    for _ in range(2):
        samrun.invoke("NotifyFunction", json.loads(event))
    samrun.wait_for_mails_to(["pay-1"])
