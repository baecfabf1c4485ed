"""Reader of an event queue: takes its messages and passes them on."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_MAX_MESSAGES = 10
# Seconds.
_LONG_POLL = 1
_PAUSE_AFTER_ERROR = 2.0

# Errors of a message that is not JSON, or not of the form that its service sends.
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, RecursionError)


PassOn = Callable[[str], None]
"""Takes the body of a message, and returns when the message may leave the queue."""


@dataclass(frozen=True, kw_only=True)
class QueueReader:
    """Reader of the queue with this name; `run` blocks until `stop`.

    `pass_on` gets the body of each message, and then the message leaves the queue; so does one that it cannot read.
    `sqs` is the boto3 client, and `report` takes lines about errors.
    """

    queue: str
    sqs: Any
    pass_on: PassOn
    report: Callable[[str], None]
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)

    def run(self) -> None:
        """Read the queue until `stop` is called."""
        while not self._stopping.is_set():
            try:
                self._read()
            except (BotoCoreError, ClientError) as error:
                if not self._stopping.is_set():
                    self.report(f"{self.queue} cannot be read, and is read again: {error}")
                self._stopping.wait(_PAUSE_AFTER_ERROR)

    def stop(self) -> None:
        """End `run`."""
        self._stopping.set()

    def _read(self) -> None:
        url = self.sqs.get_queue_url(QueueName=self.queue)["QueueUrl"]
        found = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=_MAX_MESSAGES, WaitTimeSeconds=_LONG_POLL)
        for message in found.get("Messages", []):
            self._pass_on(message)
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def _pass_on(self, message: Mapping[str, Any]) -> None:
        try:
            self.pass_on(message["Body"])
        except _UNREADABLE as error:
            # The type alone: the message may contain anything.
            why = type(error).__name__
            self.report(f"{self.queue}: message {message['MessageId']} cannot be read and is deleted ({why})")
