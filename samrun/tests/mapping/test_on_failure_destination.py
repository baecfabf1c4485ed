"""What becomes of a batch that is given up, in a bucket, a queue and a topic of the local AWS."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from local.invoker import Answer
from local.mapping.destination import DestinationError, keep
from local.mapping.discarded import Discarded
from tests.local.conftest import LocalAws
from tests.local.test_mapping_batch import batch, mapping, record

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


FAILURE = Answer(
    request_id="request-1",
    payload=b'{"errorType": "ValueError", "errorMessage": "ada@example.com"}',
    function_error="Unhandled",
)
DISCARDED = Discarded(
    batch=batch(
        record(5, timestamp=1573691886021, value=b"ada@example.com"),
        record(6, timestamp=1573691887000),
        record(9, partition=1, timestamp=1573691886021),
    ),
    condition="RetryAttemptsExhausted",
    tries=4,
    answer=FAILURE,
    at=datetime(2026, 11, 22, 23, 38, 6, 21999, tzinfo=UTC),
    mapping=mapping(MSK),
    bootstrap="b:1",
)


def _without_size(metadata: dict[str, Any]) -> dict[str, Any]:
    """Take the size of the payload out of it, which is asserted by itself."""
    del metadata["KafkaBatchInfo"]["payloadSize"]
    return metadata


def test_the_metadata_is_what_aws_documents() -> None:
    assert DISCARDED.metadata()["KafkaBatchInfo"]["payloadSize"] == len(DISCARDED.payload)
    assert _without_size(DISCARDED.metadata()) == METADATA


def test_the_metadata_has_nothing_of_what_the_records_or_the_function_say() -> None:
    assert "ada" not in json.dumps(DISCARDED.metadata())


def test_what_was_never_answered_has_no_response() -> None:
    metadata = replace(DISCARDED, condition="MaximumPayloadSizeExceeded", answer=None, tries=0).metadata()
    assert metadata["responseContext"] is None
    assert "requestId" not in metadata["requestContext"]


def test_a_self_managed_cluster_has_no_arn() -> None:
    assert "eventSourceArn" not in replace(DISCARDED, mapping=mapping()).metadata()["KafkaBatchInfo"]


def test_what_a_partial_answer_left_undone_had_no_function_error() -> None:
    answered = replace(DISCARDED, answer=Answer(request_id="r", payload=b"{}"))
    assert answered.metadata()["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}


def test_a_bucket_gets_the_event_too_under_a_key_of_its_day(local_aws: LocalAws) -> None:
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket="given-up", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    places = {keep(DISCARDED, arn="arn:aws:s3:::given-up", client=local_aws.client) for _ in range(2)}
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="given-up")["Contents"]]
    assert {f"s3://given-up/{key}" for key in keys} == places
    assert len(keys) == 2
    for key in keys:
        uuid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
        assert re.fullmatch(rf"aws/lambda/{uuid}/2026/11/22/2026-11-22T23\.38\.06-{uuid}", key)
        kept = json.loads(s3.get_object(Bucket="given-up", Key=key)["Body"].read())
        event = json.loads(kept.pop("payload"))
        assert event == json.loads(DISCARDED.batch.event("b:1", source_arn=DISCARDED.mapping.event_source_arn))
        assert _without_size(kept) == METADATA


def test_a_queue_gets_the_metadata_alone(local_aws: LocalAws) -> None:
    sqs = local_aws.client("sqs")
    url = sqs.create_queue(QueueName="given-up")["QueueUrl"]
    place = keep(DISCARDED, arn="arn:aws:sqs:eu-central-1:123456789012:given-up", client=local_aws.client)
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert place == "sqs:given-up"
    assert _without_size(json.loads(message["Body"])) == METADATA


def test_a_topic_gets_the_metadata_alone(local_aws: LocalAws) -> None:
    sqs, sns = local_aws.client("sqs"), local_aws.client("sns")
    url = sqs.create_queue(QueueName="hears-of-it")["QueueUrl"]
    topic = sns.create_topic(Name="given-up")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-central-1:123456789012:hears-of-it")
    assert keep(DISCARDED, arn=topic, client=local_aws.client) == "sns:given-up"
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert _without_size(json.loads(json.loads(message["Body"])["Message"])) == METADATA


@pytest.mark.parametrize(
    ("arn", "told"),
    [
        ("arn:aws:s3:::not-there", "arn:aws:s3:::not-there: .*NoSuchBucket"),
        ("arn:aws:sqs:eu-central-1:123456789012:not-there", "not-there: .*NonExistentQueue"),
        ("arn:aws:sns:eu-central-1:123456789012:not-there", "not-there: .*NotFound"),
        ("arn:aws:lambda:eu-central-1:123456789012:function:Fn", "neither a bucket nor a queue nor a topic"),
    ],
)
def test_a_destination_that_takes_nothing_is_named(local_aws: LocalAws, arn: str, told: str) -> None:
    with pytest.raises(DestinationError, match=told):
        keep(DISCARDED, arn=arn, client=local_aws.client)
