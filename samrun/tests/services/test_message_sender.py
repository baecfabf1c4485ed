"""Sender of messages to the queues, topics and buckets of the local AWS."""

import re
from datetime import UTC, datetime

import pytest

from samrun.services.message_sender import put_record, send_message, service_of
from support.local_aws import LocalAws


@pytest.mark.parametrize(
    ("arn", "service"), [("arn:aws:sqs:us-east-1:123456789012:q", "sqs"), ("kafka://topic", ""), ("", "")]
)
def test_service_is_that_of_the_arn(arn: str, service: str) -> None:
    assert service_of(arn) == service


def test_queue_and_topic_get_the_text_with_its_options(local_aws: LocalAws) -> None:
    sqs, sns = local_aws.client("sqs"), local_aws.client("sns")
    url = sqs.create_queue(QueueName="texts")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="texts")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    attributes = {"Kind": {"DataType": "String", "StringValue": "k"}}
    for arn in (queue, topic):
        send_message(arn, f"to {arn}", local_aws.client, MessageAttributes=attributes)
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
    assert sorted(each["Body"] for each in got) == sorted([f"to {queue}", f"to {topic}"])
    assert all(each["MessageAttributes"]["Kind"]["StringValue"] == "k" for each in got)


def test_bucket_gets_each_record_under_a_key_of_its_own(local_aws: LocalAws) -> None:
    s3, at = local_aws.client("s3"), datetime(2026, 11, 9, 8, 7, 6, tzinfo=UTC)
    s3.create_bucket(Bucket="records", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    texts = ["1", "2"]
    urls = [put_record("arn:aws:s3:::records", text, local_aws.client, folder="async/Fn", at=at) for text in texts]
    keys = [url.removeprefix("s3://records/") for url in urls]
    assert len(set(keys)) == 2
    form = r"aws/lambda/async/Fn/2026/11/09/2026-11-09T08\.07\.06-[0-9a-f-]{36}"
    assert [key for key in keys if not re.fullmatch(form, key)] == []
    assert [s3.get_object(Bucket="records", Key=key)["Body"].read().decode() for key in keys] == texts
