"""Events that functions get of topics and buckets."""

import json
from typing import Any

from samrun.event_triggers.notify import notify
from samrun.template.model.triggers import Notification

SNS_MESSAGE = {
    "Type": "Notification",
    "MessageId": "m-1",
    "TopicArn": "arn:aws:sns:eu-central-1:123456789012:news",
    "Message": "text",
    "Timestamp": "2026-11-29T12:00:00.000Z",
    "SignatureVersion": "1",
    "Signature": "s",
    "SigningCertURL": "https://sns.example/cert.pem",
    "UnsubscribeURL": "https://sns.example/?Action=Unsubscribe&SubscriptionArn=arn:aws:sns:eu-central-1:123456789012:news:1",
}
S3_RECORD: dict[str, Any] = {
    "eventVersion": "2.1",
    "eventSource": "aws:s3",
    "awsRegion": "eu-central-1",
    "eventTime": "2026-11-29T12:00:00.000Z",
    "eventName": "ObjectCreated:Put",
    "s3": {
        "s3SchemaVersion": "1.0",
        "configurationId": "c",
        "bucket": {"name": "uploads", "arn": "arn:aws:s3:::uploads"},
        "object": {"key": "a", "size": 3, "eTag": "e"},
    },
}


def notified(service: Any, message: Any) -> list[Any]:
    """Return the events that the function gets of a message."""
    accepted: list[Any] = []
    reports: list[str] = []
    notify(
        Notification(service=service, source="source", function="Fn", queue="queue"),
        json.dumps(message),
        accept=lambda function, payload: accepted.append((function, json.loads(payload))),
        report=reports.append,
    )
    assert reports == ["source → Fn"] * len(accepted)
    assert {function for function, _ in accepted} <= {"Fn"}
    return [payload for _, payload in accepted]


def test_message_of_a_topic_has_lambdas_form() -> None:
    [event] = notified("sns", SNS_MESSAGE)
    assert event == {
        "Records": [
            {
                "EventVersion": "1.0",
                "EventSubscriptionArn": "arn:aws:sns:eu-central-1:123456789012:news:1",
                "EventSource": "aws:sns",
                "Sns": {
                    "Type": "Notification",
                    "MessageId": "m-1",
                    "TopicArn": "arn:aws:sns:eu-central-1:123456789012:news",
                    "Subject": None,
                    "Message": "text",
                    "Timestamp": "2026-11-29T12:00:00.000Z",
                    "SignatureVersion": "1",
                    "Signature": "s",
                    "SigningCertUrl": "https://sns.example/cert.pem",
                    "UnsubscribeUrl": SNS_MESSAGE["UnsubscribeURL"],
                    "MessageAttributes": {},
                },
            }
        ]
    }


def test_subject_and_attributes_of_a_topics_message_are_kept() -> None:
    attributes = {"kind": {"Type": "String", "Value": "good"}}
    [event] = notified("sns", SNS_MESSAGE | {"Subject": "s", "MessageAttributes": attributes})
    assert (event["Records"][0]["Sns"]["Subject"], event["Records"][0]["Sns"]["MessageAttributes"]) == ("s", attributes)


def test_event_of_a_bucket_has_the_fields_that_the_local_s3_leaves_out() -> None:
    [event] = notified("s3", {"Records": [S3_RECORD]})
    [record] = event["Records"]
    assert record.keys() == {*S3_RECORD, "userIdentity", "requestParameters", "responseElements"}
    assert record["s3"]["bucket"]["ownerIdentity"] == {"principalId": "123456789012"}
    assert record["s3"]["object"].keys() == {"key", "size", "eTag", "sequencer"}
    assert record["requestParameters"] == {"sourceIPAddress": "127.0.0.1"}


def test_event_of_a_removed_object_has_no_size() -> None:
    [event] = notified("s3", {"Records": [S3_RECORD | {"eventName": "ObjectRemoved:Delete"}]})
    assert event["Records"][0]["s3"]["object"].keys() == {"key", "sequencer"}


def test_test_event_of_a_bucket_reaches_no_function() -> None:
    assert notified("s3", {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "uploads"}) == []
