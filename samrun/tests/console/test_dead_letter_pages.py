"""Pages of the view Dead letters, on the local AWS: hostile messages, and services that do not answer."""

import json
import re
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import EndpointConnectionError

from samrun.control.stack_parts import StackParts
from samrun.functions.invoker import InvocationOptions, InvocationResult
from samrun.template.model.application import Resource
from samrun.testing.kafka_records import kafka_mapping
from support.console_pages import page, request
from support.idle_stack import idle_stack
from support.local_aws import LocalAws
from support.python_function import create_function


def stack(folder: Path, queue: str, client: Any) -> StackParts:
    resource = Resource(logical_id="DeadLetterQueue", type="AWS::SQS::Queue", name=queue, properties={})
    parts = idle_stack(folder, resources=(resource,), functions=(create_function(folder, None),))
    return replace(parts, client=client)


@pytest.fixture
def queue(local_aws: LocalAws) -> str:
    name = f"dead-{uuid.uuid4().hex}"
    local_aws.client("sqs").create_queue(QueueName=name)
    return name


@pytest.fixture
def parts(tmp_path: Path, local_aws: LocalAws, queue: str) -> StackParts:
    return stack(tmp_path, queue, local_aws.client)


def send(parts: StackParts, queue: str, body: str, **attributes: str) -> None:
    sqs = parts.client("sqs")
    sqs.send_message(
        QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"],
        MessageBody=body,
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    )


def path_of(text: str) -> str:
    """Return the path of the only dead letter on a page."""
    [path] = set(re.findall(r'href="(/dead-letters/queue/[^"]+)"', text))
    return str(path)


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "[" * 50_000,
        '{"KafkaBatchInfo": {"recordsInfo": {"<b>-1": {"firstRecordOffset": "1", "lastRecordOffset": "9"}}}}',
        '{"topic": "orders", "partition": 0, "offset": 1, "value": "<script>"}',
        "x" * 200_000,
    ],
)
def test_hostile_message_breaks_no_page(parts: StackParts, queue: str, body: str) -> None:
    send(parts, queue, body, reason="<script>alert(2)</script>")
    listed = page(parts, "/dead-letters")
    for text in (listed, page(parts, path_of(listed))):
        assert "<script>alert" not in text
        assert "<b>" not in text
        assert len(text) < 200_000


def test_dead_letter_says_why_with_the_error_of_its_last_invocation(parts: StackParts, queue: str) -> None:
    logged = parts.invocations.begin("Fn", b"{}", InvocationOptions(request_id="r-1"))
    parts.invocations.end(logged, InvocationResult.of_error("JSONDecodeError", "no JSON"), seconds=0.1)
    context = {"requestId": "r-1", "condition": "RetryAttemptsExhausted", "approximateInvokeCount": 3}
    message = {"requestContext": context, "KafkaBatchInfo": {"batchSize": 1}, "payload": '{"records": {}}'}
    send(parts, queue, json.dumps(message))
    text = page(parts, "/dead-letters")
    assert "RetryAttemptsExhausted" in text
    assert "after 3 attempts" in text
    assert "JSONDecodeError" in text
    assert "no JSON" in page(parts, path_of(text))


def test_dead_letter_is_deleted(parts: StackParts, queue: str) -> None:
    send(parts, queue, "{}")
    path = path_of(page(parts, "/dead-letters"))
    answer = request(parts, path, {"action": "delete"})
    assert answer.status_code == httpx.codes.SEE_OTHER
    assert "The dead letter is deleted." in page(parts, answer.headers["location"])
    assert "No dead letters" in page(parts, "/dead-letters")
    assert request(parts, path).status_code == httpx.codes.NOT_FOUND


def test_replay_that_cannot_be_keeps_the_dead_letter_and_says_why(parts: StackParts, queue: str) -> None:
    send(parts, queue, '{"a": 1}', ErrorMessage="of no use")
    path = path_of(page(parts, "/dead-letters"))
    answer = request(parts, path, {"action": "replay"})
    assert answer.status_code == httpx.codes.CONFLICT
    assert "It cannot be replayed" in answer.text
    assert path_of(page(parts, "/dead-letters")) == path


def test_queue_that_does_not_answer_is_named(tmp_path: Path) -> None:
    def unreachable(service: str) -> None:
        raise EndpointConnectionError(endpoint_url=service)

    text = page(stack(tmp_path, "gone", unreachable), "/dead-letters")
    assert "Could not connect" in text
    assert "gone" in text


def test_topic_that_cannot_be_read_is_named_and_is_not_called_empty(tmp_path: Path) -> None:
    mapping = replace(kafka_mapping(), on_failure="kafka://failed")
    nothing = idle_stack(tmp_path)
    parts = replace(nothing, application=replace(nothing.application, mappings=(mapping,)))  # its Kafka is not there
    text = page(parts, "/dead-letters")
    assert "No Kafka broker answers" in text
    assert "Not every place can be read" in text
    assert "No dead letters" not in text
    answer = request(parts, "/dead-letters/topic/failed/0.1")
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert "Kafka does not answer" in answer.text


def test_application_without_a_place_says_that_it_loses_them(tmp_path: Path) -> None:
    assert "what cannot be delivered is lost" in page(idle_stack(tmp_path), "/dead-letters")
