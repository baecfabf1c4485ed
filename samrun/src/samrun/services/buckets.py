"""Buckets of a template, created in the local S3 with their notifications."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from samrun.services.clients import Clients
from samrun.services.event_queues import create_event_queue
from samrun.template.arns import function_name
from samrun.template.model.application import Resource


def create(resource: Resource, client: Clients) -> None:
    """Create a bucket, and let it notify the queues, topics and functions that the template names."""
    s3 = client("s3")
    region = s3.meta.region_name
    location: Mapping[str, Any] = (
        {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    )
    s3.create_bucket(Bucket=resource.name, **location)
    if versioning := resource.properties.get("VersioningConfiguration"):
        s3.put_bucket_versioning(Bucket=resource.name, VersioningConfiguration={"Status": versioning["Status"]})
    if notifications := resource.properties.get("NotificationConfiguration"):
        s3.put_bucket_notification_configuration(
            Bucket=resource.name,
            NotificationConfiguration=_api_form(notifications, resource.name, client),
        )


def _api_form(notifications: Mapping[str, Any], bucket: str, client: Clients) -> dict[str, Any]:
    """Return the notifications in the API's form, where those of functions go to the functions' event queues."""

    def event_queue(each: Mapping[str, Any]) -> str:
        return create_event_queue("s3", bucket, function_name(each["Function"]), client)

    queues = [
        *_configurations(notifications.get("QueueConfigurations", []), "QueueArn", lambda each: each["Queue"]),
        *_configurations(notifications.get("LambdaConfigurations", []), "QueueArn", event_queue),
    ]
    topics = _configurations(notifications.get("TopicConfigurations", []), "TopicArn", lambda each: each["Topic"])
    form: dict[str, Any] = {"QueueConfigurations": queues, "TopicConfigurations": list(topics)}
    if "EventBridgeConfiguration" in notifications:
        form["EventBridgeConfiguration"] = {}
    return {name: value for name, value in form.items() if value or name == "EventBridgeConfiguration"}


def _configurations(
    declared: list[Mapping[str, Any]], name: str, destination: Callable[[Mapping[str, Any]], str]
) -> Iterator[dict[str, Any]]:
    for each in declared:
        # CloudFormation's S3Key and Rules are the API's Key and FilterRules.
        rules = each.get("Filter", {}).get("S3Key", {}).get("Rules", [])
        key_filter = {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}
        yield {name: destination(each), "Events": [each["Event"]], **key_filter}
