"""Events that `samrun generate-event` makes of records in a topic: the function accepts them."""

import base64
import json
import subprocess
import sys
import uuid
from typing import Any

import pytest

from samrun.testing.aws import client
from tests.project import ROOT
from tests.system.order_stack import OrderStack

pytestmark = pytest.mark.xdist_group("shared-stack")


def generated(shared: OrderStack, *arguments: str) -> bytes:
    command = [sys.executable, "-m", "samrun", "generate-event", "self-managed-kafka", "--data", str(shared.data)]
    done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.encode()


def only_record(event: bytes) -> dict[str, Any]:
    [[record]] = json.loads(event)["records"].values()
    assert isinstance(record, dict)
    return record


def test_the_function_takes_the_event_of_a_record_and_knows_that_it_was_sent(shared: OrderStack) -> None:
    reference = f"pay-generated-{uuid.uuid4().hex[:8]}"
    order_id = shared.place(reference).json()["order_id"]
    event = generated(shared, "--from-topic", "order-events")
    assert base64.b64decode(only_record(event)["key"]).decode() == order_id
    functions = client("lambda", shared.endpoints["lambda"])
    answers = [functions.invoke(FunctionName="NotifyFunction", Payload=event) for _ in range(2)]
    assert [answer.get("FunctionError") for answer in answers] == [None, None]
    mail = f"{reference}@example.com"
    assert [each for each in shared.recipients() if each == mail] == [mail]
