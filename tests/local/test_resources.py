"""Resources made in the local AWS; tables have their test where DynamoDB Local runs."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.model import Resource
from local.resources import ResourceError, make
from tests.local.conftest import LocalAws


def resource(kind: str, name: str, **properties: Any) -> Resource:
    return Resource(logical_id="Thing", type=kind, name=name, properties=properties)


def test_a_queue_is_made_with_its_attributes(local_aws: LocalAws) -> None:
    queue = resource("AWS::SQS::Queue", "letters", SqsManagedSseEnabled=True, MessageRetentionPeriod=1209600)
    assert make([queue], local_aws.client) == [queue]
    sqs = local_aws.client("sqs")
    url = sqs.get_queue_url(QueueName="letters")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["MessageRetentionPeriod"] == "1209600"
    assert attributes["SqsManagedSseEnabled"] == "true"
    assert url == f"{local_aws.url}/123456789012/letters", "as the template's references say"


def test_a_queue_finds_the_one_for_its_dead_letters_wherever_that_is_declared(local_aws: LocalAws) -> None:
    policy = {"deadLetterTargetArn": "arn:aws:sqs:eu-central-1:123456789012:dead.fifo", "maxReceiveCount": 3}
    first = resource("AWS::SQS::Queue", "first.fifo", FifoQueue=True, RedrivePolicy=policy)
    dead = resource("AWS::SQS::Queue", "dead.fifo", FifoQueue="true")
    assert make([first, dead], local_aws.client) == [dead, first]


def test_a_topic_is_made(local_aws: LocalAws) -> None:
    make([resource("AWS::SNS::Topic", "news"), resource("AWS::SNS::Topic", "n.fifo", FifoTopic=True)], local_aws.client)
    arns = [topic["TopicArn"] for topic in local_aws.client("sns").list_topics()["Topics"]]
    assert {"arn:aws:sns:eu-central-1:123456789012:news", "arn:aws:sns:eu-central-1:123456789012:n.fifo"} <= set(arns)


def test_a_bucket_is_made_in_its_region(local_aws: LocalAws) -> None:
    make([resource("AWS::S3::Bucket", "letters-bucket")], local_aws.client)
    location = local_aws.client("s3").get_bucket_location(Bucket="letters-bucket")
    assert location["LocationConstraint"] == "eu-central-1"


def test_an_identity_is_made_and_may_send(local_aws: LocalAws) -> None:
    make([resource("AWS::SES::EmailIdentity", "made.example")], local_aws.client)
    sent = local_aws.client("sesv2").send_email(
        FromEmailAddress="orders@made.example",
        Destination={"ToAddresses": ["ada@example.com"]},
        Content={"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
    )
    assert sent["MessageId"]


def test_a_configuration_set_is_made(local_aws: LocalAws) -> None:
    make([resource("AWS::SES::ConfigurationSet", "events-of-mails")], local_aws.client)
    assert "events-of-mails" in local_aws.client("sesv2").list_configuration_sets()["ConfigurationSets"]


@pytest.mark.parametrize(
    ("kind", "name", "properties"),
    [
        ("AWS::SQS::Queue", "twice", {}),
        ("AWS::SNS::Topic", "twice", {}),
        ("AWS::S3::Bucket", "twice-bucket", {}),
        ("AWS::SES::EmailIdentity", "twice.example", {}),
        ("AWS::SES::ConfigurationSet", "twice", {}),
    ],
)
def test_making_a_resource_twice_is_no_error(
    local_aws: LocalAws, kind: str, name: str, properties: Mapping[str, Any]
) -> None:
    twice = resource(kind, name, **properties)
    assert make([twice], local_aws.client) == [twice]
    make([twice], local_aws.client)


def test_a_resource_that_exists_is_left_as_it_is(local_aws: LocalAws) -> None:
    make([resource("AWS::SQS::Queue", "changed", DelaySeconds=1)], local_aws.client)
    assert make([resource("AWS::SQS::Queue", "changed", DelaySeconds=2)], local_aws.client) == []


@pytest.mark.parametrize(
    "wrong",
    [
        resource("AWS::SQS::Queue", "no spaces allowed"),
        resource("AWS::S3::Bucket", "no"),
        resource("AWS::DynamoDB::Table", "table", KeySchema="of no use", AttributeDefinitions=[]),
    ],
    ids=lambda resource: resource.type,
)
def test_an_error_names_the_resource(local_aws: LocalAws, wrong: Resource) -> None:
    with pytest.raises(ResourceError, match=rf"^Thing \({wrong.type}\) could not be made: "):
        make([wrong], local_aws.client)
