"""`sam local`, with real containers, against what `make services` starts: the README's own commands."""

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

from local import ports
from local.endpoints import url
from tests.project import ROOT
from tests.sam.sam_cli import SamCli
from tests.system.broker import read_all
from tests.system.running import RunningStack, eventually

# They go on from one another, as somebody would who tries them: in one worker, in their order.
pytestmark = pytest.mark.xdist_group("sam-build")

ORDER_ID = "ord_a7yuqahkcwyojza3z7chx7dkkq"  # of every sample event
README = (ROOT / "README.md").read_text()
FROM_TOPIC = (
    ".venv/bin/python -m local generate-event msk --from-topic order-events | sam local invoke NotifyFunction -e -"
)


def readme(command: str) -> list[str]:
    """Return the arguments of a command that stands in the README as a line of its own."""
    assert re.search(rf"^{re.escape(command)}( +#.*)?$", README, re.MULTILINE), f"the README has no line `{command}`"
    return shlex.split(command)[1:]


def invoke(sam: SamCli, command: str, *, stdin: str | None = None) -> Any:
    return json.loads(sam.run(*readme(command), stdin=stdin))


def mails(services: RunningStack) -> list[str]:
    return [mail["Subject"] for mail in services.mails()]


def published(services: RunningStack) -> list[dict[str, Any]]:
    """Return the values of all records in the topic."""
    return [json.loads(record.value) for record in read_all(services.endpoints["kafka"], "order-events")]


def test_every_command_of_the_readme_is_tried_here() -> None:
    commands = re.findall(r"^((?:\S+ -m local .* )?sam local [^#\n]*?) *(?:#.*)?$", README, re.MULTILINE)
    assert commands
    source = (ROOT / "tests/sam/test_local.py").read_text()
    assert [command for command in commands if f'"{command}"' not in source] == []


def test_an_order_is_recorded_and_its_event_is_in_kafka(sam: SamCli, services: RunningStack) -> None:
    answer = invoke(sam, "sam local invoke OrderFunction -e events/api/create-order-ada.json")
    assert answer["statusCode"] == httpx.codes.CREATED
    assert json.loads(answer["body"])["order_id"] == ORDER_ID
    # The container may have been too slow to publish it in its time.
    relayed = invoke(sam, "sam local invoke RelayFunction")
    assert relayed["left"] == relayed["unpublishable"] == 0
    assert [event["data"]["order_id"] for event in published(services)] == [ORDER_ID]


def test_a_record_of_the_topic_becomes_a_mail(sam: SamCli, services: RunningStack) -> None:
    words = readme(FROM_TOPIC)
    pipe = words.index("|")
    generate_event = [sys.executable, *words[:pipe], "--data", str(services.data)]
    event = subprocess.run(generate_event, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert json.loads(sam.run(*words[pipe + 2 :], stdin=event)) == {"batchItemFailures": []}
    assert mails(services) == [f"Your order {ORDER_ID} is confirmed"]


@pytest.mark.parametrize("event", ["msk", "self-managed"])
def test_an_event_becomes_one_mail(sam: SamCli, services: RunningStack, event: str) -> None:
    commands = {
        "msk": "sam local invoke NotifyFunction -e events/kafka/msk.json",
        "self-managed": "sam local invoke NotifyFunction -e events/kafka/self-managed.json",
    }
    assert invoke(sam, commands[event]) == {"batchItemFailures": []}
    assert mails(services) == [f"Your order {ORDER_ID} is confirmed"]


def test_what_became_of_the_mail_is_told(sam: SamCli, services: RunningStack) -> None:
    assert invoke(sam, "sam local invoke FeedbackFunction -e events/ses/delivered.json") is None
    answer = invoke(sam, "sam local invoke HistoryFunction -e events/api/list-notifications.json")
    assert answer["statusCode"] == httpx.codes.OK
    notifications = json.loads(answer["body"])["notifications"]
    assert {each["channel"]: each["status"] for each in notifications} == {"mail": "delivered", "text": "sent"}


def test_the_api_is_served(sam: SamCli, services: RunningStack) -> None:
    port = ports.claim("start-api", 0)
    with sam.serving(*readme("sam local start-api"), "--port", str(port)):
        answer = eventually(lambda: _as_the_readme_posts(port), what="an answer of sam local start-api")
    assert answer.status_code == httpx.codes.CREATED, answer.text


def _as_the_readme_posts(port: int) -> httpx.Response | None:
    """Post what the README gives to curl, to another port."""
    curl = r"(?ms)^curl -i http://127\.0\.0\.1:3000(/orders) -H ('content-type.*?') -d ('.*?')\n"
    found = re.search(curl, README)
    assert found
    path, header, order = (word for part in found.groups() for word in shlex.split(part))
    name, _, value = header.partition(": ")
    try:
        return httpx.post(f"{url(port)}{path}", content=order, headers={name: value}, timeout=60)
    except httpx.ConnectError:
        return None


def test_lambdas_own_api_is_served(sam: SamCli, services: RunningStack) -> None:
    port = ports.claim("start-lambda", 0)
    client = boto3.client(
        "lambda",
        endpoint_url=url(port),
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(read_timeout=60, retries={"max_attempts": 0}),
    )
    event = (ROOT / "events/kafka/msk.json").read_bytes()
    with sam.serving(*readme("sam local start-lambda"), "--port", str(port)):
        eventually(lambda: _listens(port), what="sam local start-lambda to listen")
        answer = client.invoke(FunctionName="NotifyFunction", Payload=event)
    assert json.loads(answer["Payload"].read()) == {"batchItemFailures": []}
    assert len(mails(services)) == 1, "the ledger knows it"


def _listens(port: int) -> bool:
    try:
        return httpx.get(url(port)).status_code > 0
    except httpx.ConnectError:
        return False
