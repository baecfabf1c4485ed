"""Where a mapping keeps the batches that it gives up: a bucket, a queue or a topic of the local AWS."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.mapping.discarded import Discarded


class DestinationError(Exception):
    """The destination has not taken a batch; the message names both it and what was wrong."""


def keep(discarded: Discarded, *, arn: str, client: Callable[[str], Any]) -> str:
    """Send a batch to the destination with this ARN and return the place where it is, in words.

    A bucket gets the batch itself, a queue or a topic only what is known of it. `client` gives the boto3 client of a
    service. Raises DestinationError.
    """
    service, name = arn.split(":")[2], arn.rpartition(":")[2]
    try:
        match service:
            case "s3":
                return _in_bucket(discarded, name, client("s3"))
            case "sqs":
                queue = client("sqs")
                url = queue.get_queue_url(QueueName=name)["QueueUrl"]
                queue.send_message(QueueUrl=url, MessageBody=json.dumps(discarded.metadata()))
            case "sns":
                client("sns").publish(TopicArn=arn, Message=json.dumps(discarded.metadata()))
            case _:
                raise DestinationError(f"{arn} is neither a bucket nor a queue nor a topic")
    except (BotoCoreError, ClientError) as error:
        raise DestinationError(f"{arn}: {error}") from error
    return f"{service}:{name}"


def _in_bucket(discarded: Discarded, bucket: str, client: Any) -> str:
    """Put it under a key as Lambda has it: by mapping, day and time, and never the same twice."""
    mapping = uuid.uuid5(uuid.NAMESPACE_OID, discarded.mapping.logical_id)
    key = f"aws/lambda/{mapping}/{discarded.at:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
    body = discarded.metadata() | {"payload": discarded.payload}
    client.put_object(Bucket=bucket, Key=key, Body=json.dumps(body), ContentType="application/json")
    return f"s3://{bucket}/{key}"
