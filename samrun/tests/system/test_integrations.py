"""Pipes, received mails and the parameters and secrets extension on a real stack: samrun/tests/apps/integrations."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from samrun.supervision import ports
from samrun.testing.stack import RunningStack

APP = Path(__file__).parents[1] / "apps" / "integrations"


@pytest.fixture(scope="module")
def samrun_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    options = ["--parameter-overrides", f"SecretsPort={ports.claim('the extension', 0)}"]
    with RunningStack(APP, tmp_path_factory.mktemp("integrations") / "data", options=options) as stack:
        yield stack


def test_nothing_of_the_integrations_is_left_out(samrun: RunningStack) -> None:
    assert samrun.logged("not run here") == []
    assert samrun.logged("is not triggered by") == []


def test_pipe_enriches_the_messages_of_a_queue_and_sends_them_to_an_api(samrun: RunningStack) -> None:
    url = f"{samrun.endpoints['aws']}/123456789012/Jobs"
    for body in ({"skip": 1}, {"id": 7}):
        samrun.aws("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(body))
    request = _event(samrun, lambda event: "requestContext" in event)
    assert json.loads(request["body"]) == {"id": 7, "enriched": True}
    assert request["headers"]["x-key"] == "local"


def test_pipe_reads_a_topic_of_kafka(samrun: RunningStack) -> None:
    samrun.produce("orders", b'{"id": "ord_1"}')
    assert _event(samrun, lambda event: isinstance(event, list)) == [{"order": "ord_1", "topic": "orders"}]


def test_mail_to_a_recipient_of_the_rule_reaches_its_function(samrun: RunningStack) -> None:
    samrun.aws("sesv2").create_email_identity(EmailIdentity="ada@home.example")
    samrun.aws("sesv2").send_email(
        FromEmailAddress="ada@home.example",
        Destination={"ToAddresses": ["contact@shop.example", "bob@elsewhere.example"]},
        Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "How are you?"}}}},
    )
    event = _event(samrun, lambda event: "Records" in event)
    assert event["Records"][0]["ses"]["receipt"]["recipients"] == ["contact@shop.example"]
    assert event["Records"][0]["ses"]["mail"]["commonHeaders"]["subject"] == "Hello"


def test_people_who_subscribe_to_a_topic_get_mails_and_text_messages(samrun: RunningStack) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:Alarms"
    samrun.aws("sns").publish(TopicArn=topic, Subject="Disk full", Message="Delete something.")
    assert samrun.wait_for_mail(to="oncall@home.example", subject="Disk full").text.strip() == "Delete something."
    assert samrun.wait_for_text_message(to="+491511234567").text == "Delete something."


def test_function_reads_a_secret_from_the_extension(samrun: RunningStack) -> None:
    assert samrun.invoke("SecretReader", {}) == "open"


def _event(stack: RunningStack, is_it: Any) -> Any:
    """Wait for an event of the recorder, and return it."""
    return stack.wait_for_invocation("Recorder", lambda invocation: is_it(invocation.event)).event
