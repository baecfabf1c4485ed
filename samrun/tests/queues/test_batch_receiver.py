"""Receiver of a trigger's batches, on queues of the local AWS."""

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from samrun.queues.batch_receiver import BatchReceiver
from samrun.template.model.triggers import QueueTrigger
from support.local_aws import LocalAws


class ReceivedQueue:
    """A queue, and a receiver of its batches."""

    def __init__(self, local_aws: LocalAws, **properties: Any) -> None:
        self.sqs = local_aws.client("sqs")
        name = f"queue-{uuid.uuid4().hex}"
        self.url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:eu-central-1:123456789012:{name}"
        usual: dict[str, Any] = {"batch_size": 10, "window": 0.0, "report_batch_item_failures": False}
        trigger = QueueTrigger(logical_id="Trigger", function="Fn", queue_arn=arn, **usual | properties)
        self.receiver = BatchReceiver(trigger=trigger, sqs=self.sqs, is_stopping=lambda: False)


def test_batch_is_full_by_the_bytes_of_its_messages(local_aws: LocalAws) -> None:
    queue = ReceivedQueue(local_aws, batch_size=100, window=5.0)
    body = "\u20ac" * 80_000  # 240 KB, and 80,000 characters
    for _ in range(31):
        queue.sqs.send_message(QueueUrl=queue.url, MessageBody=body)
    assert len(queue.receiver.receive()) == 30


def test_messages_that_the_queue_does_not_delete_are_an_error(local_aws: LocalAws) -> None:
    queue = ReceivedQueue(local_aws)
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody="a")
    [message] = queue.receiver.receive()
    with pytest.raises(ClientError, match="1 of 2 messages are not deleted"):
        queue.receiver.delete([message, {**message, "ReceiptHandle": "unknown"}])
