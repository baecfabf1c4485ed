"""Sender of messages to the queues, topics, buckets and state machines of the local AWS that an ARN names."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any


def service_of(arn: str) -> str:
    """Return the service in an ARN, or an empty text if it is none."""
    return (*arn.split(":"), "", "", "")[2]


def send_message(arn: str, text: str, client: Callable[[str], Any], **options: Any) -> None:
    """Send a text to the queue or the topic with this ARN. Raises the errors of boto3.

    `client` returns the boto3 client of a service. `options` are further parameters of the call, such as
    MessageAttributes.
    """
    if service_of(arn) == "sns":
        client("sns").publish(TopicArn=arn, Message=text, **options)
    else:
        sqs = client("sqs")
        url = sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=text, **options)


def start_execution(arn: str, text: str, client: Callable[[str], Any]) -> None:
    """Start an execution of the state machine with this ARN, with a text in JSON. Raises the errors of boto3."""
    client("stepfunctions").start_execution(stateMachineArn=arn, input=text)


def put_record(arn: str, text: str, client: Callable[[str], Any], *, folder: str, at: datetime) -> str:
    """Put a text in JSON into the bucket with this ARN, and return its URL, s3://… Raises the errors of boto3.

    Its key is unique and has Lambda's form: by `folder`, day and time.
    """
    bucket, key = arn.rpartition(":")[2], f"aws/lambda/{folder}/{at:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
    client("s3").put_object(Bucket=bucket, Key=key, Body=text, ContentType="application/json")
    return f"s3://{bucket}/{key}"
