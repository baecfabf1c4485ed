"""Trigger by a stream of Kinesis, in the local AWS."""

import base64
import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from samrun.filtering.filter_pattern import KINESIS_FIELDS, FilterPattern
from samrun.testing.waiting import eventually
from support.local_aws import LocalAws
from support.polled_stream import polled, stream_trigger


@pytest.fixture
def stream(local_aws: LocalAws) -> str:
    name = f"stream-{uuid.uuid4().hex}"
    local_aws.client("kinesis").create_stream(StreamName=name, ShardCount=2)
    return name


def arn(stream: str) -> str:
    return f"arn:aws:kinesis:eu-central-1:123456789012:stream/{stream}"


def put(local_aws: LocalAws, stream: str, *contents: str, key: str = "key") -> None:
    for content in contents:
        local_aws.client("kinesis").put_record(StreamName=stream, Data=content.encode(), PartitionKey=key)


def contents(records: list[dict[str, Any]]) -> list[str]:
    return [base64.b64decode(record["kinesis"]["data"]).decode() for record in records]


def test_records_reach_the_function_in_order_and_in_lambdas_form(local_aws: LocalAws, stream: str) -> None:
    put(local_aws, stream, "a", "b", "c")
    with polled(stream_trigger("kinesis", stream, arn(stream)), local_aws.client) as polled_stream:
        records = polled_stream.wait_for(3)
    assert contents(records) == ["a", "b", "c"]
    record = records[0]
    shard, _, number = record["eventID"].partition(":")
    assert shard.startswith("shardId-")
    assert number == record["kinesis"]["sequenceNumber"]
    assert record["kinesis"]["partitionKey"] == "key"
    assert record["kinesis"]["approximateArrivalTimestamp"] > 0
    assert (record["eventSource"], record["eventName"]) == ("aws:kinesis", "aws:kinesis:record")
    assert (record["eventSourceARN"], record["awsRegion"]) == (arn(stream), "eu-central-1")


def test_latest_begins_with_what_comes_after_the_start(local_aws: LocalAws, stream: str) -> None:
    put(local_aws, stream, "before")
    with polled(
        stream_trigger("kinesis", stream, arn(stream), starting_position="LATEST"), local_aws.client
    ) as polled_stream:
        put(local_aws, stream, "after")
        assert contents(polled_stream.wait_for(1)) == ["after"]


def test_filter_tests_the_data_decoded(local_aws: LocalAws, stream: str) -> None:
    pattern = FilterPattern.parse('{"data": {"state": ["new"]}}', fields=KINESIS_FIELDS)
    put(local_aws, stream, '{"state": "old"}', '{"state": "new"}', "text")
    with polled(stream_trigger("kinesis", stream, arn(stream), filters=(pattern,)), local_aws.client) as polled_stream:
        assert contents(polled_stream.wait_for(1)) == ['{"state": "new"}']


def test_window_collects_records(local_aws: LocalAws, stream: str) -> None:
    trigger = stream_trigger("kinesis", stream, arn(stream), window=300.0, batch_size=3)
    with polled(trigger, local_aws.client) as polled_stream:
        put(local_aws, stream, "a", "b", "c", "d")
        assert contents(polled_stream.wait_for(3)) == ["a", "b", "c"]


def test_discarded_records_are_told_to_the_destination(local_aws: LocalAws, stream: str) -> None:
    sqs, queue = local_aws.client("sqs"), f"queue-{uuid.uuid4().hex}"
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    trigger = stream_trigger(
        "kinesis",
        stream,
        arn(stream),
        maximum_retries=1,
        on_failure=f"arn:aws:sqs:eu-central-1:123456789012:{queue}",
    )
    with polled(trigger, local_aws.client) as polled_stream:
        polled_stream.fails = True
        put(local_aws, stream, "poison")
        [message] = eventually(
            lambda: sqs.receive_message(QueueUrl=url).get("Messages"), what="the metadata", patience=30
        )
        polled_stream.fails = False
        put(local_aws, stream, "good")
        assert contents(polled_stream.wait_for(1)) == ["good"]
    metadata = json.loads(message["Body"])
    assert metadata["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert metadata["KinesisBatchInfo"]["batchSize"] == 1


def test_bucket_gets_the_event_of_discarded_records(local_aws: LocalAws, stream: str) -> None:
    s3, bucket = local_aws.client("s3"), f"bucket-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    trigger = stream_trigger("kinesis", stream, arn(stream), maximum_retries=0, on_failure=f"arn:aws:s3:::{bucket}")
    with polled(trigger, local_aws.client) as polled_stream:
        polled_stream.fails = True
        put(local_aws, stream, "poison")
        [found] = eventually(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents"), what="the object", patience=30)
    record = json.loads(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
    shard = record["KinesisBatchInfo"]["shardId"]
    assert re.fullmatch(
        rf"aws/lambda/[-0-9a-f]{{36}}/{shard}/(\d{{4}}/\d\d/\d\d)/[-\d]{{10}}T\d\d\.\d\d\.\d\d-[-0-9a-f]{{36}}",
        found["Key"],
    )
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert contents(json.loads(record["payload"])["Records"]) == ["poison"]


def test_stream_that_is_made_again_is_read_from_its_beginning(local_aws: LocalAws, stream: str, tmp_path: Path) -> None:
    kinesis, checkpoints = local_aws.client("kinesis"), tmp_path / "Trigger.json"
    with polled(
        stream_trigger("kinesis", stream, arn(stream), starting_position="LATEST"),
        local_aws.client,
        checkpoints=checkpoints,
    ) as polled_stream:
        put(local_aws, stream, "a", "b", "c")
        polled_stream.wait_for(3)
        eventually(checkpoints.exists, what="a checkpoint", patience=30)
        first = json.loads(checkpoints.read_text())["stream"]
        kinesis.delete_stream(StreamName=stream)
        kinesis.create_stream(StreamName=stream, ShardCount=1)
        put(local_aws, stream, "d")
        assert contents(polled_stream.wait_for(4)) == ["a", "b", "c", "d"]
    assert f"{stream} was made again: Trigger reads it from its beginning" in polled_stream.reports
    assert json.loads(checkpoints.read_text())["stream"] != first
