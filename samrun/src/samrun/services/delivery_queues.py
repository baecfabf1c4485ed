"""Delivery queues: what the local AWS sends to functions goes to these queues, from which the runner invokes them."""

from samrun.services.clients import Clients
from samrun.template.triggers.delivery_queues import Source, delivery_queue

# Seconds. The runner deletes a message after it has accepted the invocation, which takes milliseconds.
_VISIBILITY_TIMEOUT = "60"


def create_delivery_queue(source: Source, name: str, function: str, client: Clients) -> str:
    """Create the queue for what a topic, a bucket or an event bus sends to a function, and return its ARN."""
    sqs = client("sqs")
    url = sqs.create_queue(
        QueueName=delivery_queue(source, name, function), Attributes={"VisibilityTimeout": _VISIBILITY_TIMEOUT}
    )["QueueUrl"]
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return arn
