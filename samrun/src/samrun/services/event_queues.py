"""Event queues: what the local AWS sends to functions goes to these queues, from which the runner invokes them."""

from samrun.services.clients import Clients
from samrun.template.triggers.event_queue_names import Source, event_queue_name

# Seconds. The runner deletes a message after it has accepted the invocation, which takes milliseconds.
_VISIBILITY_TIMEOUT = "60"


def create_event_queue(source: Source, name: str, function: str, client: Clients) -> str:
    """Create the queue for what a topic, a bucket or an event bus sends to a function, and return its ARN."""
    sqs = client("sqs")
    url = sqs.create_queue(
        QueueName=event_queue_name(source, name, function), Attributes={"VisibilityTimeout": _VISIBILITY_TIMEOUT}
    )["QueueUrl"]
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return arn
