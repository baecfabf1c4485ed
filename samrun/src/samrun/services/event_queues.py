"""Event queues: the local AWS sends the events for functions to them, and the runner invokes the functions."""

from samrun.services.clients import Clients
from samrun.template.triggers.event_queue_names import Source, event_queue_name

# Seconds. The runner deletes a message after it has accepted the invocation, which takes milliseconds.
_VISIBILITY_TIMEOUT = "60"


def create_event_queue(source: Source, name: str, function: str, client: Clients) -> str:
    """Create the queue for the events of a topic, a bucket or an event bus to a function, and return its ARN."""
    sqs = client("sqs")
    url = sqs.create_queue(
        QueueName=event_queue_name(source, name, function), Attributes={"VisibilityTimeout": _VISIBILITY_TIMEOUT}
    )["QueueUrl"]
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return arn
