"""Keeps the records that cannot be worked off, in a queue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from functions.notify.aws import CALL_ERRORS, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sqs import SQSClient

    from functions.notify.records import Record

LARGEST_BODY = 1024 * 1024 - 4096  # bytes: what SQS takes as a message, less room for the attributes


class DeadLettersUnavailableError(Exception):
    """The queue has not taken a record; the message is the error's name."""


@dataclass(frozen=True, kw_only=True)
class DeadLetters:
    """The queue of records that were set aside."""

    client: SQSClient
    queue_url: str

    def put(self, record: Record, *, reason: str) -> None:
        """Set a record aside: its JSON is the message, its place and the reason are the attributes.

        Of a record that the queue has no room for, the message is the place alone, and the attribute `payload` is
        `omitted`: Kafka has the record for as long as its topic keeps it. A record that comes again is put again,
        under the same `id`. Raises DeadLettersUnavailableError.
        """
        place: dict[str, str | int] = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
        attributes = {"id": record.id, "reason": reason, **place}
        try:
            if not self._send_if_it_fits(json.dumps(record.source), attributes):
                self._send(json.dumps(place), attributes | {"payload": "omitted"})
        except CALL_ERRORS as error:
            raise DeadLettersUnavailableError(name_of(error)) from error

    def _send_if_it_fits(self, body: str, attributes: Mapping[str, str | int]) -> bool:
        if len(body) > LARGEST_BODY:  # all of it is ASCII
            return False
        try:
            self._send(body, attributes)
        except ClientError as error:
            if name_of(error) != "InvalidParameterValue":  # the queue's own limit may be lower
                raise
            return False
        return True

    def _send(self, body: str, attributes: Mapping[str, str | int]) -> None:
        self.client.send_message(
            QueueUrl=self.queue_url,
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "Number" if isinstance(value, int) else "String", "StringValue": str(value)}
                for name, value in attributes.items()
            },
        )
