from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.parsers import ResponseParserError
from botocore.stub import Stubber

from functions.notify.dead_letters import MAX_BODY, DeadLetters, DeadLettersUnavailableError

if TYPE_CHECKING:
    import boto3

    from tests.notify.fakes import FakeQueue
    from tests.notify.samples import RecordMaker


def test_a_dead_letter_is_the_record_with_its_place_and_the_reason(
    aws: None, session: boto3.Session, make_record: RecordMaker
) -> None:
    client = session.client("sqs")
    queue_url = client.create_queue(QueueName="dead-letters")["QueueUrl"]
    record = make_record(b"This is no event.", offset=7)

    DeadLetters(client=client, queue_url=queue_url).put(record, reason="the value is not JSON")

    (message,) = client.receive_message(QueueUrl=queue_url, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(message["Body"]) == record.source
    assert {name: value["StringValue"] for name, value in message["MessageAttributes"].items()} == {
        "id": "order-events-0-7",
        "reason": "the value is not JSON",
        "topic": "order-events",
        "partition": "0",
        "offset": "7",
    }


@pytest.mark.parametrize(
    ("queue_attributes", "size"), [({}, 1024 * 1024), ({}, 5 * 1024 * 1024), ({"MaximumMessageSize": "1024"}, 2000)]
)
def test_a_record_too_large_for_the_queue_is_dead_lettered_as_its_place(
    aws: None, session: boto3.Session, make_record: RecordMaker, queue_attributes: dict[Any, str], size: int
) -> None:
    client = session.client("sqs")
    queue_url = client.create_queue(QueueName="dead-letters", Attributes=queue_attributes)["QueueUrl"]

    DeadLetters(client=client, queue_url=queue_url).put(make_record(b"x" * size, offset=7), reason="not JSON")

    (message,) = client.receive_message(QueueUrl=queue_url, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(message["Body"]) == {"topic": "order-events", "partition": 0, "offset": 7}
    assert {name: value["StringValue"] for name, value in message["MessageAttributes"].items()} == {
        "id": "order-events-0-7",
        "reason": "not JSON",
        "topic": "order-events",
        "partition": "0",
        "offset": "7",
        "payload": "omitted",
    }


def test_a_record_over_the_limit_of_sqs_is_not_sent_whole(queue: FakeQueue, make_record: RecordMaker) -> None:
    """botocore cannot parse the answer of SQS to a request that is much too large."""
    dead_letters = DeadLetters(client=queue, queue_url="https://queue.example")
    dead_letters.put(make_record(b"x" * 5 * 1024 * 1024), reason="not JSON")
    (message,) = queue.messages
    assert len(message["MessageBody"]) < 100


def test_a_record_that_just_fits_is_dead_lettered_whole(
    aws: None, session: boto3.Session, make_record: RecordMaker
) -> None:
    client = session.client("sqs")
    queue_url = client.create_queue(QueueName="dead-letters")["QueueUrl"]
    record = make_record(b"", headers={})
    room = MAX_BODY - len(json.dumps(record.source))
    record.source["value"] = "A" * room

    DeadLetters(client=client, queue_url=queue_url).put(record, reason="not JSON")

    (message,) = client.receive_message(QueueUrl=queue_url, MessageAttributeNames=["All"])["Messages"]
    assert len(message["Body"]) == MAX_BODY
    assert "payload" not in message["MessageAttributes"]


def test_a_record_refused_for_another_reason_than_its_size_is_not_shortened(
    session: boto3.Session, make_record: RecordMaker
) -> None:
    client = session.client("sqs")
    with Stubber(client) as stubber:
        stubber.add_client_error("send_message", "AccessDenied")
        with pytest.raises(DeadLettersUnavailableError, match=r"^AccessDenied$"):
            DeadLetters(client=client, queue_url="https://queue.example").put(make_record(b""), reason="any")
        stubber.assert_no_pending_responses()


def test_a_missing_queue_is_named_by_its_error_code(
    aws: None, session: boto3.Session, make_record: RecordMaker
) -> None:
    client = session.client("sqs")
    dead_letters = DeadLetters(client=client, queue_url="https://sqs.eu-central-1.amazonaws.com/123456789012/none")
    with pytest.raises(DeadLettersUnavailableError, match="NonExistentQueue"):
        dead_letters.put(make_record(b""), reason="the value is not JSON")


@pytest.mark.parametrize("error", [ConnectTimeoutError(endpoint_url=""), ResponseParserError("no JSON")])
def test_an_unreachable_queue_is_named_by_its_error_code(
    queue: FakeQueue, make_record: RecordMaker, error: Exception
) -> None:
    queue.error = error
    with pytest.raises(DeadLettersUnavailableError, match=f"^{type(error).__name__}$"):
        DeadLetters(client=queue, queue_url="").put(make_record(b""), reason="any")
