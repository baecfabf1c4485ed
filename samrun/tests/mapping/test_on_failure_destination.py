"""Discarded batches: their metadata, and how a bucket, a queue and a topic of the local AWS get them."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from samrun.functions.invoker import InvocationResult
from samrun.mapping.discarded_batch import DiscardedBatch
from samrun.mapping.on_failure_destination import DestinationError, send_to_on_failure_destination
from samrun.testing.kafka_records import batch, kafka_mapping, record
from support.local_aws import LocalAws

MSK = "arn:aws:kafka:us-east-1:123456789012:cluster/c/uuid-2"
METADATA = {
    "requestContext": {
        "requestId": "request-1",
        "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:Fn",
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 4,
    },
    "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
    "version": "1.0",
    "timestamp": "2026-11-22T23:38:06.021Z",
    "KafkaBatchInfo": {
        "batchSize": 3,
        "eventSourceArn": MSK,
        "bootstrapServers": "b:1",
        "recordsInfo": {
            "t-0": {
                "firstRecordOffset": "5",
                "lastRecordOffset": "6",
                "firstRecordTimestamp": "2019-11-14T00:38:06.021Z",
                "lastRecordTimestamp": "2019-11-14T00:38:07.000Z",
            },
            "t-1": {
                "firstRecordOffset": "9",
                "lastRecordOffset": "9",
                "firstRecordTimestamp": "2019-11-14T00:38:06.021Z",
                "lastRecordTimestamp": "2019-11-14T00:38:06.021Z",
            },
        },
    },
}


FAILURE = InvocationResult(
    request_id="request-1",
    payload=b'{"errorType": "ValueError", "errorMessage": "ada@example.com"}',
    function_error="Unhandled",
)
DISCARDED = DiscardedBatch(
    batch=batch(
        record(5, timestamp=1573691886021, value=b"ada@example.com"),
        record(6, timestamp=1573691887000),
        record(9, partition=1, timestamp=1573691886021),
    ),
    condition="RetryAttemptsExhausted",
    attempts=4,
    last_result=FAILURE,
    at=datetime(2026, 11, 22, 23, 38, 6, 21999, tzinfo=UTC),
    mapping=kafka_mapping(event_source_arn=MSK),
    bootstrap="b:1",
)


def _without_size(metadata: dict[str, Any]) -> dict[str, Any]:
    """Remove the size of the payload, which a test of its own checks."""
    del metadata["KafkaBatchInfo"]["payloadSize"]
    return metadata


def test_metadata_is_as_aws_documents_it() -> None:
    assert DISCARDED.metadata()["KafkaBatchInfo"]["payloadSize"] == len(DISCARDED.payload)
    assert _without_size(DISCARDED.metadata()) == METADATA


def test_metadata_contains_nothing_of_the_records_and_of_the_function_s_message() -> None:
    assert "ada" not in json.dumps(DISCARDED.metadata())


def test_batch_that_was_never_sent_has_no_response() -> None:
    metadata = replace(DISCARDED, condition="MaximumPayloadSizeExceeded", last_result=None, attempts=0).metadata()
    assert metadata["responseContext"] is None
    assert "requestId" not in metadata["requestContext"]


def test_batch_of_a_self_managed_cluster_has_no_arn() -> None:
    assert "eventSourceArn" not in replace(DISCARDED, mapping=kafka_mapping()).metadata()["KafkaBatchInfo"]


def test_batch_that_failed_by_a_partial_response_has_no_function_error() -> None:
    answered = replace(DISCARDED, last_result=InvocationResult(request_id="r", payload=b"{}"))
    assert answered.metadata()["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}


def test_topic_of_kafka_gets_a_message_for_each_record_as_aws_documents_it() -> None:
    [first, *_] = DISCARDED.batch.all_records()
    message = DISCARDED.invocation_record(first)
    event = message.pop("payload")
    assert event == json.loads(batch(first).event("b:1", source_arn=MSK))
    assert message["KafkaBatchInfo"].pop("payloadSize") == len(batch(first).event("b:1", source_arn=MSK))
    assert message == {
        "requestContext": {
            "requestId": "request-1",
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:Fn:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 4,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-11-22T23:38:06.021Z",
        "KafkaBatchInfo": {
            "batchSize": 1,
            "eventSourceArn": MSK,
            "bootstrapServers": "b:1",
            "recordInfo": {"offset": "5", "timestamp": "2019-11-14T00:38:06.021Z"},
        },
    }


def test_message_names_the_alias_of_the_mapping() -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:Fn:live"
    discarded = replace(DISCARDED, mapping=replace(DISCARDED.mapping, function_arn=arn, qualifier="live"))
    [first, *_] = discarded.batch.all_records()
    assert discarded.invocation_record(first)["requestContext"]["functionArn"] == arn
    assert discarded.metadata()["requestContext"]["functionArn"] == arn


def test_bucket_gets_metadata_and_event_under_a_key_with_the_day(local_aws: LocalAws) -> None:
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket="discarded", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    locations = {
        send_to_on_failure_destination(DISCARDED, arn="arn:aws:s3:::discarded", client=local_aws.client)
        for _ in range(2)
    }
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="discarded")["Contents"]]
    assert {f"s3://discarded/{key}" for key in keys} == locations
    assert len(keys) == 2
    for key in keys:
        uuid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
        assert re.fullmatch(rf"aws/lambda/{uuid}/2026/11/22/2026-11-22T23\.38\.06-{uuid}", key)
        stored = json.loads(s3.get_object(Bucket="discarded", Key=key)["Body"].read())
        event = json.loads(stored.pop("payload"))
        assert event == json.loads(DISCARDED.batch.event("b:1", source_arn=DISCARDED.mapping.event_source_arn))
        assert _without_size(stored) == METADATA


def test_queue_gets_only_the_metadata(local_aws: LocalAws) -> None:
    sqs = local_aws.client("sqs")
    url = sqs.create_queue(QueueName="discarded")["QueueUrl"]
    arn = "arn:aws:sqs:eu-central-1:123456789012:discarded"
    location = send_to_on_failure_destination(DISCARDED, arn=arn, client=local_aws.client)
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert location == "sqs:discarded"
    assert _without_size(json.loads(message["Body"])) == METADATA


def test_topic_gets_only_the_metadata(local_aws: LocalAws) -> None:
    sqs, sns = local_aws.client("sqs"), local_aws.client("sns")
    url = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    topic = sns.create_topic(Name="discarded")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-central-1:123456789012:subscriber")
    location = send_to_on_failure_destination(DISCARDED, arn=topic, client=local_aws.client)
    assert location == "sns:discarded"
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert _without_size(json.loads(json.loads(message["Body"])["Message"])) == METADATA


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("arn:aws:s3:::not-there", "arn:aws:s3:::not-there: .*NoSuchBucket.*declare it in the template, create it"),
        ("arn:aws:sqs:eu-central-1:123456789012:not-there", "not-there: .*NonExistentQueue"),
        ("arn:aws:sns:eu-central-1:123456789012:not-there", "not-there: .*NotFound"),
        ("arn:aws:lambda:eu-central-1:123456789012:function:Fn", "is not a bucket, a queue or a topic"),
    ],
)
def test_error_names_the_destination_that_does_not_accept_the_batch(
    local_aws: LocalAws, arn: str, message: str
) -> None:
    with pytest.raises(DestinationError, match=message):
        send_to_on_failure_destination(DISCARDED, arn=arn, client=local_aws.client)
