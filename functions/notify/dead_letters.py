"""Dead-letter queue: the records that can never be read or sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError

from functions.notify.aws_clients import CALL_ERRORS, error_code
from functions.notify.errors import NotifyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

    from functions.notify.aws_clients import MessageId
    from functions.notify.events.records import Record

MAX_BODY = 1024 * 1024 - 4096  # bytes: the limit of SQS, less room for the attributes


class DeadLettersUnavailableError(NotifyError):
    """The queue has not taken a record; the message is the code of its error."""


class SqsClient(Protocol):
    """The part of SQS's client that sends a message."""

    def send_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        MessageBody: str,  # noqa: N803
        MessageAttributes: Mapping[str, MessageAttributeValueTypeDef],  # noqa: N803
    ) -> MessageId:
        """Send a message."""
        ...


@dataclass(frozen=True, kw_only=True)
class DeadLetters:
    """The dead-letter queue."""

    client: SqsClient
    queue_url: str

    def put(self, record: Record, *, reason: str) -> None:
        """Dead-letter a record: the message is its JSON, the attributes are its place in Kafka and the reason.

        If a record is too large for the queue, the message is its place alone, and the attribute `payload` is
        `omitted`: Kafka has the record for as long as its topic retains it. A record that Lambda retries is put there
        again, with the same `id`. Raises DeadLettersUnavailableError.
        """
        place: dict[str, str | int] = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
        attributes = {"id": record.id, "reason": reason, **place}
        try:
            if not self._send_if_it_fits(json.dumps(record.source), attributes):
                self._send(json.dumps(place), attributes | {"payload": "omitted"})
        except CALL_ERRORS as error:
            raise DeadLettersUnavailableError(error_code(error)) from error

    def _send_if_it_fits(self, body: str, attributes: Mapping[str, str | int]) -> bool:
        if len(body) > MAX_BODY:  # all of it is ASCII
            return False
        try:
            self._send(body, attributes)
        except ClientError as error:
            if error_code(error) != "InvalidParameterValue":  # the queue's own limit may be lower
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
