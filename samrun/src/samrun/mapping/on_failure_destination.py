"""On-failure destination of a mapping: a bucket, a queue or a topic of SNS in the local AWS gets discarded batches."""

import json
from collections.abc import Callable
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from samrun.errors import SamrunError
from samrun.mapping.discarded_batch import DiscardedBatch
from samrun.services.message_sender import put_record, send_message, service_of
from samrun.template.arns import mapping_uuid


class DestinationError(SamrunError):
    """The destination did not accept a batch. The message names the destination, the reason and what to do."""


class SendToDestination(Protocol):
    """Function that sends discarded batches to the on-failure destination of one mapping."""

    def __call__(self, discarded: DiscardedBatch, /) -> str:
        """Send a batch and return its location, in words. Raises DestinationError."""
        ...


def send_to_on_failure_destination(discarded: DiscardedBatch, *, arn: str, client: Callable[[str], Any]) -> str:
    """Send a batch to the destination with this ARN and return its location, in words.

    A bucket gets the batch itself, a queue or a topic only its metadata. `client` returns the boto3 client of a
    service. Raises DestinationError.
    """
    service, metadata = service_of(arn), discarded.metadata()
    try:
        match service:
            case "s3":
                body = json.dumps(metadata | {"payload": discarded.payload})
                folder = mapping_uuid(discarded.mapping.logical_id)
                return put_record(arn, body, client, folder=folder, at=discarded.at)
            case "sqs" | "sns":
                send_message(arn, json.dumps(metadata), client)
            case _:
                raise DestinationError(f"{arn} is not a bucket, a queue or a topic: name one in DestinationConfig")
    except (BotoCoreError, ClientError) as error:
        raise DestinationError(
            f"{arn}: {error}. If it is missing, declare it in the template, create it in the local AWS, or correct "
            "DestinationConfig"
        ) from error
    return f"{service}:{arn.rpartition(':')[2]}"
