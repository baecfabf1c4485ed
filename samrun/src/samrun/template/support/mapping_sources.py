"""Event source of a mapping: the service from which Lambda reads for it."""

from collections.abc import Mapping
from typing import Any

MSK = "Amazon MSK"
SELF_MANAGED_KAFKA = "self-managed Apache Kafka"
QUEUE = "SQS queue"
DYNAMODB_STREAM = "DynamoDB stream"
KINESIS_STREAM = "Kinesis stream"
MQ = "Amazon MQ"
DOCUMENTDB = "Amazon DocumentDB"
UNKNOWN = "unknown event source"

KAFKA = frozenset({MSK, SELF_MANAGED_KAFKA})
STREAMS = frozenset({DYNAMODB_STREAM, KINESIS_STREAM})

# By the service in the source's ARN.
_BY_SERVICE = {
    "kafka": MSK,
    "sqs": QUEUE,
    "dynamodb": DYNAMODB_STREAM,
    "kinesis": KINESIS_STREAM,
    "mq": MQ,
    "rds": DOCUMENTDB,
}
# By a property that only this source has. The ARN of a source may be anything that one machine can't know.
_BY_PROPERTY = {
    "Topics": MSK,
    "AmazonManagedKafkaEventSourceConfig": MSK,
    "SelfManagedKafkaEventSourceConfig": MSK,
    "Queues": MQ,
    "DocumentDBEventSourceConfig": DOCUMENTDB,
}


def event_source(properties: Mapping[str, Any]) -> str:
    """Return the event source of the mapping with these properties."""
    if "SelfManagedEventSource" in properties:
        return SELF_MANAGED_KAFKA
    service = (*str(properties.get("EventSourceArn")).split(":"), "", "", "")[2]
    by_property = (source for name, source in _BY_PROPERTY.items() if name in properties)
    return _BY_SERVICE.get(service) or next(by_property, UNKNOWN)
