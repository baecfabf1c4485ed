"""Sender of messages to the queues and topics of the local AWS."""

import pytest

from samrun.services.message_sender import send_message, service_of
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
