"""Keeps the records that cannot be worked off, in a queue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from functions.notify.aws import name_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from functions.notify.records import Record


class DeadLettersUnavailableError(Exception):
    """The queue has not taken a record; the message is the error's name."""


@dataclass(frozen=True, kw_only=True)
class DeadLetters:
    """The queue of records that were set aside."""

    client: SQSClient
    queue_url: str

    def put(self, record: Record, *, reason: str) -> None:
        """Set a record aside: its JSON is the message, its place and the reason are the attributes.

        A record that comes again is put again, under the same `id`. Raises DeadLettersUnavailableError.
        """
        try:
            self.client.send_message(
                QueueUrl=self.queue_url,
                MessageBody=json.dumps(record.source),
                MessageAttributes={
                    "id": {"DataType": "String", "StringValue": record.id},
                    "reason": {"DataType": "String", "StringValue": reason},
                    "topic": {"DataType": "String", "StringValue": record.topic},
                    "partition": {"DataType": "Number", "StringValue": str(record.partition)},
                    "offset": {"DataType": "Number", "StringValue": str(record.offset)},
                },
            )
        except (BotoCoreError, ClientError) as error:
            raise DeadLettersUnavailableError(name_of(error)) from error
