"""Factory of stream sources: DynamoDB's or Kinesis's, by the trigger's service."""

from collections.abc import Callable
from typing import Any

from samrun.streams.dynamodb_stream import DynamoDbStream
from samrun.streams.kinesis_stream import KinesisStream
from samrun.streams.stream_source import StreamSource
from samrun.template.model.triggers import StreamTrigger


def stream_source(trigger: StreamTrigger, client: Callable[[str], Any]) -> StreamSource:
    """Return the source of a trigger. `client` returns the boto3 client of a service."""
    if trigger.service == "kinesis":
        return KinesisStream(name=trigger.name, arn=trigger.stream_arn, kinesis=client("kinesis"))
    return DynamoDbStream(
        table=trigger.name,
        arn=trigger.stream_arn,
        dynamodb=client("dynamodb"),
        streams=client("dynamodbstreams"),
    )
