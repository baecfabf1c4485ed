"""Notifications of a template: what its topics (AWS::SNS::Subscription) and buckets send to its functions."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from samrun.template.arns import function_name
from samrun.template.model.triggers import AddressSubscription, Notification
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.triggers.event_queue_names import event_queue_name

_TOPIC, _SUBSCRIPTION, _BUCKET = "AWS::SNS::Topic", "AWS::SNS::Subscription", "AWS::S3::Bucket"

# The ways in which the local SNS sends messages. `lambda` is our own.
_PROTOCOLS = {"http", "https", "lambda", "sqs"}
# Those to people. Such a subscription counts as confirmed.
_TO_ADDRESSES: tuple[Literal["email", "email-json", "sms"], ...] = ("email", "email-json", "sms")


def read_address_subscriptions(template: ResolvedTemplate) -> Iterator[AddressSubscription]:
    """Yield each subscription of a mail address or a phone number."""
    for _logical_id, topic, subscription in _subscriptions(template):
        for protocol in _TO_ADDRESSES:
            if subscription["Protocol"] == protocol:
                address = str(subscription["Endpoint"])
                queue = event_queue_name("sns", topic, address)
                yield AddressSubscription(topic=topic, protocol=protocol, address=address, queue=queue)


def read_notifications(template: ResolvedTemplate) -> Iterator[Notification]:
    """Yield each topic and bucket once for each function of the template that it notifies."""
    functions = template.function_arns()
    for service, source, function in dict.fromkeys(_declared(template)):
        if function in functions:
            queue = event_queue_name(service, source, function)
            yield Notification(service=service, source=source, function=function, queue=queue)


def ignored_in_notifications(template: ResolvedTemplate) -> Iterator[str]:
    """Yield a text for each subscription that samrun does not serve, and each function that is not the template's."""
    for logical_id, _, subscription in _subscriptions(template):
        if subscription["Protocol"] not in {*_PROTOCOLS, *_TO_ADDRESSES}:
            yield f"{logical_id}: the topic sends nothing by the Protocol {subscription['Protocol']}"
    functions = template.function_arns()
    for _, source, function in dict.fromkeys(_declared(template)):
        if function not in functions:
            yield f"{source}: its notifications of {function}, which is not a function of the template"


def _declared(template: ResolvedTemplate) -> Iterator[tuple[Literal["s3", "sns"], str, str]]:
    """Yield service, name of the topic or bucket, and name of the function."""
    for _logical_id, topic, subscription in _subscriptions(template):
        if subscription["Protocol"] == "lambda":
            yield "sns", topic, function_name(subscription["Endpoint"])
    for logical_id, bucket in template.of_type(_BUCKET):
        for configuration in bucket.get("NotificationConfiguration", {}).get("LambdaConfigurations", []):
            yield "s3", template.name(logical_id), function_name(configuration["Function"])


def _subscriptions(template: ResolvedTemplate) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield each subscription with the logical id of what declares it, and the name of the topic."""
    for logical_id, topic in template.of_type(_TOPIC):
        for subscription in topic.get("Subscription", []):
            yield logical_id, template.name(logical_id), subscription
    for logical_id, subscription in template.of_type(_SUBSCRIPTION):
        yield logical_id, str(subscription.get("TopicArn", "")).rpartition(":")[2], subscription
