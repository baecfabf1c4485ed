"""Receiver of a trigger's batches: takes messages from its queue until a batch is full or its window closes."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from samrun.filtering.filter_pattern import parsed
from samrun.queues.events import Message
from samrun.template.model.triggers import QueueTrigger

# Messages of one receive or delete call.
_CALL_LIMIT = 10
# Seconds that a receive call waits for messages; also the longest time that a stop waits for the call.
_LONG_POLL = 1
# Bytes of bodies. With the rest of its event, a batch stays below the 6 MB of an invocation.
_MAX_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class BatchReceiver:
    """Receiver of the batches of one trigger. `sqs` is the boto3 client; `is_stopping` ends a window early."""

    trigger: QueueTrigger
    sqs: Any
    is_stopping: Callable[[], bool]

    def receive(self) -> list[Message]:
        """Return the next batch; an empty one if no message came in a second, or none passed the filters.

        Raises the errors of boto3.
        """
        batch = self._receive(self.trigger.batch_size, wait=_LONG_POLL)
        closes = time.monotonic() + self.trigger.window
        while (
            batch
            and len(batch) < self.trigger.batch_size
            and sum(len(message["Body"].encode()) for message in batch) < _MAX_BYTES
            and time.monotonic() < closes
            and not self.is_stopping()
        ):
            batch += self._receive(self.trigger.batch_size - len(batch), wait=_LONG_POLL)
        return batch

    def delete(self, messages: Sequence[Message]) -> None:
        """Delete messages from the queue. Raises the errors of boto3, also if some of the messages are not deleted."""
        failed: list[Mapping[str, Any]] = []
        for start in range(0, len(messages), _CALL_LIMIT):
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages[start : start + _CALL_LIMIT])
            ]
            # The call succeeds even if no message is deleted.
            failed += self.sqs.delete_message_batch(QueueUrl=self.url(), Entries=entries).get("Failed", [])
        if failed:
            text = f"{len(failed)} of {len(messages)} messages are not deleted"
            raise ClientError({"Error": {"Code": failed[0]["Code"], "Message": text}}, "DeleteMessageBatch")

    def _receive(self, limit: int, *, wait: int) -> list[Message]:
        messages = self.sqs.receive_message(
            QueueUrl=self.url(),
            MaxNumberOfMessages=min(limit, _CALL_LIMIT),
            WaitTimeSeconds=wait,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages", [])
        passed = [message for message in messages if self._passes(message)]
        # "If a message doesn't satisfy your filter criteria, Lambda deletes the message from the queue":
        # https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
        self.delete([message for message in messages if message not in passed])
        return passed

    def _passes(self, message: Message) -> bool:
        filters = self.trigger.filters
        return not filters or any(each.matches({"body": parsed(message["Body"])}) for each in filters)

    def url(self) -> str:
        """Return the URL of the queue. Raises the errors of boto3."""
        url: str = self.sqs.get_queue_url(QueueName=self.trigger.queue)["QueueUrl"]
        return url
