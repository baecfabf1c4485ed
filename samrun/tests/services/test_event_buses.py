"""Events of the local AWS: what is sent to the event queues of the buses."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from samrun.services.event_buses import deliver_events
from samrun.services.resources import ResourceError
from samrun.template.triggers.event_queue_names import EVERY_FUNCTION, event_queue_name
from support.local_aws import LocalAws


def deliver(local_aws: LocalAws, bus: str) -> list[ResourceError]:
    """Let a bus deliver its events, and return the errors."""
    errors: list[ResourceError] = []
    deliver_events([bus], local_aws.client, on_error=errors.append)
    return errors


def delivered(local_aws: LocalAws, bus: str) -> list[dict[str, Any]]:
    sqs = local_aws.client("sqs")
    url = sqs.get_queue_url(QueueName=event_queue_name("events", bus, EVERY_FUNCTION))["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]


def test_accepted_events_reach_the_queue_of_their_bus(local_aws: LocalAws) -> None:
    events, bus = local_aws.client("events"), f"bus-{uuid.uuid4().hex}"
    arn = events.create_event_bus(Name=bus)["EventBusArn"]
    assert deliver(local_aws, bus) == []
    time = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
    entry = {"EventBusName": bus, "Source": "shop", "DetailType": "Placed", "Detail": '{"total": 1}'}
    results = events.put_events(
        Entries=[
            {**entry, "Time": time, "Resources": ["r"]},
            {**entry, "EventBusName": arn},
            {**entry, "Detail": "not JSON"},
            {**entry, "EventBusName": "default"},
        ]
    )["Entries"]
    first, second = delivered(local_aws, bus)
    del first["ingestion-time"]  # moto's own; the reader of the queue drops it
    assert first == {
        "version": "0",
        "id": results[0]["EventId"],
        "detail-type": "Placed",
        "source": "shop",
        "account": "123456789012",
        "time": "2026-11-29T12:00:00Z",
        "region": "eu-central-1",
        "resources": ["r"],
        "detail": {"total": 1},
    }
    assert second["id"] == results[1]["EventId"]
    assert results[2]["ErrorCode"] == "MalformedDetail"


def test_events_of_a_bucket_reach_the_default_bus(local_aws: LocalAws) -> None:
    assert deliver(local_aws, "default") == []
    s3 = local_aws.client("s3")
    location = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket="bucket-with-events", CreateBucketConfiguration=location)
    s3.put_bucket_notification_configuration(
        Bucket="bucket-with-events", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    s3.put_object(Bucket="bucket-with-events", Key="a", Body=b"x")
    found = [event for event in delivered(local_aws, "default") if event["source"] == "aws.s3"]
    assert found[0]["detail-type"] == "Object Created"
    assert found[0]["detail"]["object"]["key"] == "a"


def test_bus_that_does_not_exist_is_an_error(local_aws: LocalAws) -> None:
    [error] = deliver(local_aws, "nowhere")
    assert str(error).startswith("The rules of the event bus nowhere get no events: ")
