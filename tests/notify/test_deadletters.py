from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import ConnectTimeoutError

from functions.notify.deadletters import DeadLetters, DeadLettersUnavailableError

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_sqs import SQSClient

    from tests.notify.conftest import FakeQueue, RecordMaker


def test_a_dead_letter_is_the_record_itself_and_says_where_it_was_and_why(
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


def test_a_queue_that_does_not_exist_is_named_by_its_error(
    aws: None, session: boto3.Session, make_record: RecordMaker
) -> None:
    client = session.client("sqs")
    letters = DeadLetters(client=client, queue_url="https://sqs.eu-central-1.amazonaws.com/123456789012/none")
    with pytest.raises(DeadLettersUnavailableError, match="NonExistentQueue"):
        letters.put(make_record(b""), reason="the value is not JSON")


def test_a_queue_that_cannot_be_reached_is_named_by_its_error(queue: FakeQueue, make_record: RecordMaker) -> None:
    queue.error = ConnectTimeoutError(endpoint_url="https://queue.example")
    with pytest.raises(DeadLettersUnavailableError, match=r"^ConnectTimeoutError$"):
        DeadLetters(client=cast("SQSClient", queue), queue_url="").put(make_record(b""), reason="any")
