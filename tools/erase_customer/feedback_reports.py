"""SES's reports that feedback could not process. They have addresses, and wait in a queue for up to 14 days."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from functions.notify.feedback.ses_events import Tag

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mypy_boto3_sqs import SQSClient

# Seconds. A receive that waits asks all of SQS's servers; one without a wait may miss messages.
WAIT = 1
_VISIBILITY_TIMEOUT = 60
_MAX_BATCH = 10
_TAG: TypeAdapter[str] = TypeAdapter(Tag)


@dataclass(kw_only=True)
class FeedbackReports:
    """The messages of the queue, by the order that each is about. They are hidden from others until `release`."""

    client: SQSClient
    queue_url: str
    unreadable: int = 0
    _receipts: dict[str, str] = field(default_factory=dict)
    _order_ids: dict[str, str] = field(default_factory=dict)

    def receive(self) -> None:
        """Receive every message."""
        while messages := self.client.receive_message(
            QueueUrl=self.queue_url,
            MaxNumberOfMessages=_MAX_BATCH,
            VisibilityTimeout=_VISIBILITY_TIMEOUT,
            WaitTimeSeconds=WAIT,
        ).get("Messages", []):
            new = [message for message in messages if message["MessageId"] not in self._receipts]
            self._receipts |= {message["MessageId"]: message["ReceiptHandle"] for message in messages}
            if not new:  # the first ones are visible again, so all were received
                return
            for message in new:
                if (order_id := _order_id_of(message["Body"])) is None:
                    self.unreadable += 1
                else:
                    self._order_ids[message["MessageId"]] = order_id

    def of_orders(self, order_ids: Collection[str]) -> list[str]:
        """Return the ids of the messages about these orders."""
        return [message for message, order_id in self._order_ids.items() if order_id in order_ids]

    def remove(self, message: str) -> None:
        """Delete a message."""
        self.client.delete_message(QueueUrl=self.queue_url, ReceiptHandle=self._receipts.pop(message))

    def release(self) -> None:
        """Make the messages that were not removed visible to all readers again."""
        for receipt in self._receipts.values():
            self.client.change_message_visibility(QueueUrl=self.queue_url, ReceiptHandle=receipt, VisibilityTimeout=0)
        self._receipts.clear()


@contextlib.contextmanager
def open_reports(client: SQSClient, queue_url: str) -> Iterator[FeedbackReports]:
    """Yield the reports of a queue. At the end, release those that were not removed."""
    reports = FeedbackReports(client=client, queue_url=queue_url)
    try:
        reports.receive()
        yield reports
    finally:
        reports.release()


def _order_id_of(body: str) -> str | None:
    """Return the order that a report is about; None if it names none.

    Lambda wraps the event that it gives up; EventBridge sends the event itself. The tag alone is read: feedback may
    have failed on the rest of the event.
    """
    try:
        message = json.loads(body)
        event = message.get("requestPayload", message)
        return _TAG.validate_python(event["detail"]["mail"]["tags"]["order_id"])
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return None
