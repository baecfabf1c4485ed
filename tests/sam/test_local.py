"""`sam local`, with real containers, against what `make services` starts: the commands of docs/running-locally.md."""

import json
import re
import shlex
import subprocess
import sys
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from samrun.testing.broker import read_all
from samrun.testing.processes import free_port
from samrun.testing.waiting import eventually
from tests.contract.wire_event import read_wire_event
from tests.project import ROOT
from tests.sam.sam_cli import SamCli
from tests.system.order_stack import OrderStack

# Each test continues from the one before, as a reader of the README would: in one worker, in this order.
pytestmark = pytest.mark.xdist_group("sam-build")

ORDER_ID, ORDER_NUMBER = "ord_a7yuqahkcwyojza3z7chx7dkkq", "A7YUQ-AHKC7"  # of every sample event
GUIDE = (ROOT / "docs/running-locally.md").read_text()
FROM_TOPIC = ".venv/bin/samrun generate-event msk --from-topic order-events | sam local invoke NotifyFunction -e -"


def documented(command: str) -> list[str]:
    """Return the arguments of a command that the guide has as a line of its own."""
    assert re.search(rf"^{re.escape(command)}( +#.*)?$", GUIDE, re.MULTILINE), f"the guide has no line `{command}`"
    return shlex.split(command)[1:]


def invoke(sam: SamCli, command: str, *, stdin: str | None = None) -> Any:
    return json.loads(sam.run(*documented(command), stdin=stdin))


def mails(services: OrderStack) -> list[str]:
    return [mail["Subject"] for mail in services.mails()]


def published(services: OrderStack) -> list[dict[str, Any]]:
    """Return the values of all records in the topic."""
    return [read_wire_event(record) for record in read_all(services.endpoints["kafka"], "order-events")]


def test_this_module_tries_every_command_of_the_guide() -> None:
    commands = re.findall(r"^((?:\S+ generate-event .* )?sam local [^#\n]*?) *(?:#.*)?$", GUIDE, re.MULTILINE)
    assert FROM_TOPIC in commands
    source = (ROOT / "tests/sam/test_local.py").read_text()
    assert [command for command in commands if f'"{command}"' not in source] == []


def test_order_is_recorded_and_its_event_is_in_kafka(sam: SamCli, services: OrderStack) -> None:
    answer = invoke(sam, "sam local invoke OrderFunction -e events/api/create-order-ada.json")
    assert answer["statusCode"] == httpx.codes.CREATED
    assert json.loads(answer["body"])["order_id"] == ORDER_ID
    # If the container was too slow to publish the event within its budget, the relay publishes it.
    relayed = invoke(sam, "sam local invoke RelayFunction")
    assert relayed["deferred"] == relayed["quarantined"] == 0
    assert [event["data"]["order_id"] for event in published(services)] == [ORDER_ID]


def test_a_record_of_the_topic_becomes_a_mail(sam: SamCli, services: OrderStack) -> None:
    words = documented(FROM_TOPIC)
    pipe = words.index("|")
    generate_event = [sys.executable, "-m", "samrun", *words[:pipe], "--data", str(services.data)]
    event = subprocess.run(generate_event, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert json.loads(sam.run(*words[pipe + 2 :], stdin=event)) == {"batchItemFailures": []}
    assert mails(services) == [f"Confirmed: your order {ORDER_NUMBER}"]


@pytest.mark.parametrize("event", ["msk", "self-managed"])
def test_event_becomes_one_mail(sam: SamCli, services: OrderStack, event: str) -> None:
    commands = {
        "msk": "sam local invoke NotifyFunction -e events/kafka/msk.json",
        "self-managed": "sam local invoke NotifyFunction -e events/kafka/self-managed.json",
    }
    assert invoke(sam, commands[event]) == {"batchItemFailures": []}
    assert mails(services) == [f"Confirmed: your order {ORDER_NUMBER}"]


def test_history_returns_the_delivery_status_of_the_mail(sam: SamCli, services: OrderStack) -> None:
    assert invoke(sam, "sam local invoke FeedbackFunction -e events/ses/delivered.json") is None
    answer = invoke(sam, "sam local invoke HistoryFunction -e events/api/list-notifications.json")
    assert answer["statusCode"] == httpx.codes.OK
    notifications = json.loads(answer["body"])["notifications"]
    assert {each["channel"]: each["status"] for each in notifications} == {"mail": "delivered", "text": "sent"}


def test_start_api_serves_the_api(sam: SamCli, services: OrderStack) -> None:
    port = free_port()
    with sam.serving(*documented("sam local start-api"), "--port", str(port)):
        answer = eventually(lambda: _as_the_guide_posts(port), what="an answer of sam local start-api")
    assert answer.status_code == httpx.codes.CREATED, answer.text


def _as_the_guide_posts(port: int) -> httpx.Response | None:
    """Post the order that the guide gives to curl, to another port."""
    curl = r"(?ms)^curl -i http://127\.0\.0\.1:3000(/orders) -H ('content-type.*?') -d ('.*?')\n"
    found = re.search(curl, GUIDE)
    assert found
    path, header, order = (word for part in found.groups() for word in shlex.split(part))
    name, _, value = header.partition(": ")
    try:
        return httpx.post(f"http://127.0.0.1:{port}{path}", content=order, headers={name: value}, timeout=60)
    except httpx.ConnectError:
        return None


def test_start_lambda_serves_lambdas_own_api(sam: SamCli, services: OrderStack) -> None:
    port = free_port()
    client = boto3.client(
        "lambda",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(read_timeout=60, retries={"max_attempts": 0}),
    )
    event = (ROOT / "events/kafka/msk.json").read_bytes()
    with sam.serving(*documented("sam local start-lambda"), "--port", str(port)):
        eventually(lambda: _listens(port), what="sam local start-lambda to listen")
        answer = client.invoke(FunctionName="NotifyFunction", Payload=event)
        # The body is a stream: it has to be read while the server still runs.
        payload = answer["Payload"].read()
    assert json.loads(payload) == {"batchItemFailures": []}
    assert len(mails(services)) == 1, "the ledger prevents a second mail"


def _listens(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}").status_code > 0
    except httpx.ConnectError:
        return False
