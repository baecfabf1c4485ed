"""Queue that gets dead letters.

To see one message, all must be received: they are hidden meanwhile, and shown again.
"""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from samrun.dead_letters.dead_letter import DeadLetter, DeadLetterError, Place
from samrun.dead_letters.reading import contents_of
from samrun.services.clients import Clients

_VISIBILITY = 30  # seconds, if samrun is killed meanwhile
_CALL = 10  # messages of one call


@dataclass(frozen=True, kw_only=True)
class QueuePlace:
    """Queue with dead letters. Methods raise the errors of boto3. For any thread; one at a time uses the queue."""

    place: Place
    client: Clients
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def dead_letters(self, limit: int) -> list[DeadLetter]:
        """Return up to so many dead letters."""
        with self._received(limit) as messages:
            return [self._dead_letter(message) for message in messages]

    def find(self, identifier: str) -> DeadLetter:
        """Return one dead letter. Raises DeadLetterError."""
        with self._received(None) as messages:
            return self._dead_letter(_found(messages, identifier))

    def delete(self, identifier: str) -> None:
        """Delete a dead letter. Raises DeadLetterError."""
        with self._received(None) as messages:
            message = _found(messages, identifier)
            self.client("sqs").delete_message(QueueUrl=self._url(), ReceiptHandle=message["ReceiptHandle"])
            messages.remove(message)

    def redrive(self, identifier: str, queue: str) -> None:
        """Move a message to a queue, with its attributes. Raises DeadLetterError."""
        sqs = self.client("sqs")
        with self._received(None) as messages:
            message = _found(messages, identifier)
            attributes = {
                name: {key: value for key, value in each.items() if key in {"DataType", "StringValue", "BinaryValue"}}
                for name, each in message.get("MessageAttributes", {}).items()
            }
            fifo = {
                name: message["Attributes"][name]
                for name in ("MessageGroupId", "MessageDeduplicationId")
                if queue.endswith(".fifo") and name in message["Attributes"]
            }
            url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
            sqs.send_message(QueueUrl=url, MessageBody=message["Body"], MessageAttributes=attributes, **fifo)
            sqs.delete_message(QueueUrl=self._url(), ReceiptHandle=message["ReceiptHandle"])
            messages.remove(message)

    @contextlib.contextmanager
    def _received(self, limit: int | None) -> Iterator[list[Any]]:
        """Yield the messages; those that are still in the list at the end are visible again."""
        with self._lock:
            messages: list[Any] = []
            try:
                while (limit is None or len(messages) < limit) and (more := self._receive()):
                    messages += more
                yield messages
            finally:
                self._show(messages)

    def _receive(self) -> list[Any]:
        found = self.client("sqs").receive_message(
            QueueUrl=self._url(),
            MaxNumberOfMessages=_CALL,
            VisibilityTimeout=_VISIBILITY,
            WaitTimeSeconds=0,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        return list(found.get("Messages", []))

    def _show(self, messages: list[Any]) -> None:
        for start in range(0, len(messages), _CALL):
            self.client("sqs").change_message_visibility_batch(
                QueueUrl=self._url(),
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                    for number, message in enumerate(messages[start : start + _CALL])
                ],
            )

    def _url(self) -> str:
        return str(self.client("sqs").get_queue_url(QueueName=self.place.name)["QueueUrl"])

    def _dead_letter(self, message: Any) -> DeadLetter:
        attributes = {
            name: str(each.get("StringValue", "")) for name, each in message.get("MessageAttributes", {}).items()
        }
        body = message["Body"].encode(errors="replace")
        return DeadLetter(
            place=self.place,
            id=message["MessageId"],
            at=datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
            body=body,
            contents=contents_of(body, attributes),
        )


def _found(messages: list[Any], identifier: str) -> Any:
    for message in messages:
        if message["MessageId"] == identifier:
            return message
    raise DeadLetterError(f"The message {identifier} is not there any more: it was deleted, replayed, or is in use.")
