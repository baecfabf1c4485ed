"""Destinations of asynchronous invocations, and dead-letter queues, in the local AWS.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import json
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from samrun.errors import SamrunError
from samrun.functions.asynchronous_record import CompletedEvent
from samrun.services.clients import Clients
from samrun.services.message_sender import put_record, send_message, service_of

# Bytes of an error message that a dead letter has as an attribute.
_MAX_ERROR_MESSAGE = 1024


class AsynchronousDestinationError(SamrunError):
    """A destination or a dead-letter queue did not accept an event. The message names it and the reason."""


class Destinations(Protocol):
    """Sender of what Lambda makes of completed events. Both methods raise AsynchronousDestinationError."""

    def send_record(self, completed: CompletedEvent, arn: str) -> None:
        """Send the record of an event to a destination."""
        ...

    def send_dead_letter(self, completed: CompletedEvent, arn: str) -> None:
        """Send an event itself to a dead-letter queue."""
        ...


class AwsDestinations:
    """Destinations in the local AWS."""

    def __init__(self, client: Clients) -> None:
        self._client = client

    def send_record(self, completed: CompletedEvent, arn: str) -> None:
        """Send the record of an event to a queue, a topic, a bucket or an event bus."""
        record = json.dumps(completed.record())
        try:
            match service_of(arn):
                case "sqs" | "sns":
                    send_message(arn, record, self._client)
                case "s3":
                    folder = f"async/{completed.event.function.name}"
                    put_record(arn, record, self._client, folder=folder, at=completed.at)
                case "events":
                    self._put_on_bus(arn, completed, record)
                case _:
                    raise AsynchronousDestinationError(
                        f"Lambda cannot send records to {arn}: name a queue, topic, bucket, event bus or function in "
                        "DestinationConfig"
                    )
        except (BotoCoreError, ClientError) as error:
            raise _failed(arn, error, declared_in="DestinationConfig") from error

    def send_dead_letter(self, completed: CompletedEvent, arn: str) -> None:
        """Send an event, with the error as attributes, to a queue or a topic."""
        text, attributes = completed.event.payload.decode(), _attributes(completed)
        try:
            if service_of(arn) not in {"sqs", "sns"}:
                raise AsynchronousDestinationError(
                    f"Lambda cannot send dead letters to {arn}: name a queue or a topic in DeadLetterConfig"
                )
            send_message(arn, text, self._client, MessageAttributes=attributes)
        except (BotoCoreError, ClientError) as error:
            raise _failed(arn, error, declared_in="DeadLetterConfig") from error

    def _put_on_bus(self, arn: str, completed: CompletedEvent, record: str) -> None:
        result = "Success" if completed.condition == "Success" else "Failure"
        entry = {
            # AWS documents `aws.lambda`; the events of AWS have `lambda`.
            "Source": "lambda",
            "DetailType": f"Lambda Function Invocation Result - {result}",
            "Resources": [arn, completed.function_arn],
            "Detail": record,
            "EventBusName": arn.rpartition(":")[2].removeprefix("event-bus/"),
        }
        answer = self._client("events").put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise AsynchronousDestinationError(f"{arn}: {answer['Entries'][0].get('ErrorMessage')}")


def _failed(arn: str, error: Exception, *, declared_in: str) -> AsynchronousDestinationError:
    return AsynchronousDestinationError(
        f"{arn}: {error}. If it is missing, declare it in the template, or correct {declared_in}"
    )


def _attributes(completed: CompletedEvent) -> dict[str, Any]:
    message = completed.result.error_message
    values = {
        "RequestID": ("String", completed.event.options.request_id),
        "ErrorCode": ("Number", "200"),
        "ErrorMessage": ("String", message.encode()[:_MAX_ERROR_MESSAGE].decode(errors="ignore")),
    }
    # SQS and SNS accept no attribute without a value.
    return {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in values.items() if value}
