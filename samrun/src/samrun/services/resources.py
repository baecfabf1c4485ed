"""Makes the resources of a template in the local AWS: tables, queues, topics, buckets, identities."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.errors import PlainError
from local.model import Resource

# Properties of a table that DynamoDB Local takes as they are.
_TABLE = (
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
    "StreamSpecification",
)
# Properties of a queue that are attributes of the API, by the same name.
_QUEUE = (
    "ContentBasedDeduplication",
    "DelaySeconds",
    "FifoQueue",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
)
_TOPIC = ("ContentBasedDeduplication", "FifoTopic")


class ResourceError(PlainError):
    """A resource of the template could not be made; the message names it."""


# Gives the boto3 client of a service, at its local endpoint.
Clients = Callable[[str], Any]


def make(resources: Iterable[Resource], client: Clients) -> list[Resource]:
    """Make those that are not there yet, and return them. Raises ResourceError.

    What exists is left as it is, whatever the template says of it.
    """
    # A queue comes after the one that takes its dead letters.
    in_order = sorted(resources, key=lambda resource: "RedrivePolicy" in resource.properties)
    return [resource for resource in in_order if _make(resource, client)]


def _make(resource: Resource, client: Clients) -> bool:
    try:
        _MAKERS[resource.type](resource, client)
    except (BotoCoreError, ClientError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] in _EXISTS:
            return False
        raise ResourceError(f"{resource.logical_id} ({resource.type}) could not be made: {error}") from error
    return True


_EXISTS = {
    "AlreadyExistsException",
    "BucketAlreadyOwnedByYou",
    "ConfigurationSetAlreadyExistsException",
    "QueueAlreadyExists",
    "ResourceInUseException",
}


def _table(resource: Resource, client: Clients) -> None:
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName=resource.name,
        **{name: resource.properties[name] for name in _TABLE if name in resource.properties},
    )
    time_to_live = resource.properties.get("TimeToLiveSpecification")
    if time_to_live:
        dynamodb.update_time_to_live(TableName=resource.name, TimeToLiveSpecification=time_to_live)


def _queue(resource: Resource, client: Clients) -> None:
    client("sqs").create_queue(
        QueueName=resource.name,
        Attributes={name: _as_text(resource.properties[name]) for name in _QUEUE if name in resource.properties},
    )


def _topic(resource: Resource, client: Clients) -> None:
    client("sns").create_topic(
        Name=resource.name,
        Attributes={name: _as_text(resource.properties[name]) for name in _TOPIC if name in resource.properties},
    )


def _bucket(resource: Resource, client: Clients) -> None:
    s3 = client("s3")
    region = s3.meta.region_name
    location: Mapping[str, Any] = (
        {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    )
    s3.create_bucket(Bucket=resource.name, **location)


def _email_identity(resource: Resource, client: Clients) -> None:
    client("sesv2").create_email_identity(EmailIdentity=resource.name)


def _configuration_set(resource: Resource, client: Clients) -> None:
    client("sesv2").create_configuration_set(ConfigurationSetName=resource.name)


_MAKERS: Mapping[str, Callable[[Resource, Clients], None]] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::S3::Bucket": _bucket,
    "AWS::SES::ConfigurationSet": _configuration_set,
    "AWS::SES::EmailIdentity": _email_identity,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
}


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict) else str(value)
