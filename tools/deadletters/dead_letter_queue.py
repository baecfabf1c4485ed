"""The dead letters that the notify function keeps in a queue: see functions/notify/deadletters.py."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tools.deadletters.letters import Letter, UnreadableError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# Seconds: what a run that was killed hides comes back after so long. An invocation takes less.
HIDDEN = 60
# A receive that waits asks all of SQS's servers. One that does not asks some, and may miss what the others have.
WAIT = 1
_AT_ONCE = 10  # SQS's limit


class Queue:
    """Holds its messages back from other readers while it is open, and gives back at the end what was not removed.

    A queue has no random access: to see one message is to receive them all.
    """

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url
        self._receipts: dict[str, str] = {}
        self.unreadable: list[str] = []
        """What lies there and is no dead letter, in words."""

    def letters(self) -> list[Letter]:
        """Receive all there are; two copies of one record are two letters."""
        letters = []
        while messages := self._receive():
            for message in messages:
                try:
                    letters.append(_letter(message))
                except UnreadableError as error:
                    self.unreadable.append(str(error))
        return letters

    def _receive(self) -> list[MessageTypeDef]:
        """Return messages that were not received before, none when there are no more."""
        answer = self._client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=_AT_ONCE,
            VisibilityTimeout=HIDDEN,
            WaitTimeSeconds=WAIT,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        messages = answer.get("Messages", [])
        new = [message for message in messages if message["MessageId"] not in self._receipts]
        self._receipts |= {message["MessageId"]: message["ReceiptHandle"] for message in messages}
        return new

    def hold(self, letter: Letter) -> None:
        """Hide a letter for the time that its replay takes."""
        self._client.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=self._receipts[letter.place], VisibilityTimeout=HIDDEN
        )

    def remove(self, letter: Letter) -> None:
        """Delete a letter."""
        self._client.delete_message(QueueUrl=self._url, ReceiptHandle=self._receipts.pop(letter.place))

    def give_back(self) -> None:
        """Show everybody again what was received and not removed."""
        receipts = list(self._receipts.values())
        self._receipts.clear()
        for start in range(0, len(receipts), _AT_ONCE):
            # One that cannot be given back any more was hidden for too long, and is visible already.
            self._client.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                    for number, receipt in enumerate(receipts[start : start + _AT_ONCE])
                ],
            )


def _letter(message: MessageTypeDef) -> Letter:
    """Raises UnreadableError."""
    attributes = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    try:
        return Letter(
            topic=attributes["topic"],
            partition=int(attributes["partition"]),
            offset=int(attributes["offset"]),
            reason=attributes["reason"],
            when=datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
            where="queue",
            place=message["MessageId"],
            record=None if attributes.get("payload") == "omitted" else json.loads(message["Body"]),
        )
    except (KeyError, ValueError) as error:
        raise UnreadableError(
            f"The message {message['MessageId']} in the queue is no dead letter of notify ({type(error).__name__})"
        ) from error
