"""Dead-letter queue of the notify function, which functions/notify/dead_letters.py fills."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tools.deadletters.dead_letter import DeadLetter, UnreadableError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# Seconds. If a run is killed, its messages are visible again after this time. An invocation takes less.
VISIBILITY_TIMEOUT = 60
# Seconds. A receive that waits asks all of SQS's servers. One without a wait asks some, and may miss messages.
WAIT = 1
_MAX_BATCH = 10  # SQS's limit


class DeadLetterQueue:
    """Queue whose messages are hidden from other readers while it is in use; `release` shows them again.

    SQS has no random access: to see one message, the tool must receive all of them.
    """

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url
        self._receipts: dict[str, str] = {}
        self.unreadable: list[str] = []
        """Texts about the messages that are not dead letters."""

    def dead_letters(self) -> list[DeadLetter]:
        """Receive every message; two copies of one record are two dead letters."""
        dead_letters = []
        while messages := self._receive():
            for message in messages:
                try:
                    dead_letters.append(_dead_letter(message))
                except UnreadableError as error:
                    self.unreadable.append(str(error))
        return dead_letters

    def _receive(self) -> list[MessageTypeDef]:
        """Return messages that were not received before, or none if there are no more."""
        answer = self._client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=_MAX_BATCH,
            VisibilityTimeout=VISIBILITY_TIMEOUT,
            WaitTimeSeconds=WAIT,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        messages = answer.get("Messages", [])
        new = [message for message in messages if message["MessageId"] not in self._receipts]
        self._receipts |= {message["MessageId"]: message["ReceiptHandle"] for message in messages}
        return new

    def hold(self, dead_letter: DeadLetter) -> None:
        """Hide a dead letter for the duration of its replay."""
        self._client.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=self._receipts[dead_letter.place], VisibilityTimeout=VISIBILITY_TIMEOUT
        )

    def remove(self, dead_letter: DeadLetter) -> None:
        """Delete a dead letter."""
        self._client.delete_message(QueueUrl=self._url, ReceiptHandle=self._receipts.pop(dead_letter.place))

    def release(self) -> None:
        """Make the messages that were received and not removed visible to all readers again."""
        receipts = list(self._receipts.values())
        self._receipts.clear()
        for start in range(0, len(receipts), _MAX_BATCH):
            # SQS refuses a message that was hidden for longer than the timeout; it is visible already.
            self._client.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                    for number, receipt in enumerate(receipts[start : start + _MAX_BATCH])
                ],
            )


def _dead_letter(message: MessageTypeDef) -> DeadLetter:
    """Return the dead letter in a message. Raises UnreadableError."""
    attributes = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    try:
        return DeadLetter(
            topic=attributes["topic"],
            partition=int(attributes["partition"]),
            offset=int(attributes["offset"]),
            reason=attributes["reason"],
            when=datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
            where="queue",
            place=message["MessageId"],
            record=None if attributes.get("payload") == "omitted" else _record(message["Body"]),
        )
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise UnreadableError(
            f"The message {message['MessageId']} in the queue is not a dead letter of notify ({type(error).__name__})"
        ) from error


def _record(body: str) -> dict[str, Any]:
    """Return the record in the body of a message. Raises ValueError, TypeError and RecursionError."""
    record = json.loads(body)
    if not isinstance(record, dict):
        raise TypeError
    return record
