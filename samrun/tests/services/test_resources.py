"""Resources created in the local AWS. The test of tables is in tests/system, where DynamoDB Local runs."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from samrun.services.resources import ResourceError, create_resources
from samrun.template.model.application import Resource
from samrun.template.resolution.secret_values import secret_value
from support.local_aws import LocalAws


def resource(kind: str, name: str, **properties: Any) -> Resource:
    return Resource(logical_id="Thing", type=kind, name=name, properties=properties)


def test_queue_is_created_with_its_attributes(local_aws: LocalAws) -> None:
    queue = resource("AWS::SQS::Queue", "jobs", SqsManagedSseEnabled=True, MessageRetentionPeriod=1209600)
    assert create_resources([queue], local_aws.client) == [queue]
    sqs = local_aws.client("sqs")
    url = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["MessageRetentionPeriod"] == "1209600"
    assert attributes["SqsManagedSseEnabled"] == "true"
    assert url == f"{local_aws.url}/123456789012/jobs", "the URL that the template's references give"


def test_queue_is_created_after_its_dead_letter_queue(local_aws: LocalAws) -> None:
    policy = {"deadLetterTargetArn": "arn:aws:sqs:eu-central-1:123456789012:dead.fifo", "maxReceiveCount": 3}
    first = resource("AWS::SQS::Queue", "first.fifo", FifoQueue=True, RedrivePolicy=policy)
    dead = resource("AWS::SQS::Queue", "dead.fifo", FifoQueue="true")
    assert create_resources([first, dead], local_aws.client) == [dead, first]


def test_topic_is_created(local_aws: LocalAws) -> None:
    create_resources(
        [resource("AWS::SNS::Topic", "news"), resource("AWS::SNS::Topic", "n.fifo", FifoTopic=True)], local_aws.client
    )
    arns = [topic["TopicArn"] for topic in local_aws.client("sns").list_topics()["Topics"]]
    assert {"arn:aws:sns:eu-central-1:123456789012:news", "arn:aws:sns:eu-central-1:123456789012:n.fifo"} <= set(arns)


def test_bucket_is_created_in_its_region(local_aws: LocalAws) -> None:
    create_resources([resource("AWS::S3::Bucket", "jobs-bucket")], local_aws.client)
    location = local_aws.client("s3").get_bucket_location(Bucket="jobs-bucket")
    assert location["LocationConstraint"] == "eu-central-1"


def test_created_identity_may_send(local_aws: LocalAws) -> None:
    create_resources([resource("AWS::SES::EmailIdentity", "created.example")], local_aws.client)
    sent = local_aws.client("sesv2").send_email(
        FromEmailAddress="orders@created.example",
        Destination={"ToAddresses": ["ada@example.com"]},
        Content={"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
    )
    assert sent["MessageId"]


def test_configuration_set_is_created(local_aws: LocalAws) -> None:
    create_resources([resource("AWS::SES::ConfigurationSet", "mail-events")], local_aws.client)
    assert "mail-events" in local_aws.client("sesv2").list_configuration_sets()["ConfigurationSets"]


def test_secret_has_the_value_that_references_to_it_resolve_to(local_aws: LocalAws) -> None:
    generated = {"SecretStringTemplate": '{"username": "ada"}', "GenerateStringKey": "password"}
    secret = resource("AWS::SecretsManager::Secret", "shop/db", GenerateSecretString=generated)
    create_resources([secret], local_aws.client)
    found = local_aws.client("secretsmanager").get_secret_value(
        SecretId="arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/db"
    )
    assert found["SecretString"] == secret_value("shop/db", secret.properties)


def test_ssm_parameter_is_created(local_aws: LocalAws) -> None:
    create_resources([resource("AWS::SSM::Parameter", "/shop/list", Type="StringList", Value="a,b")], local_aws.client)
    [found] = local_aws.client("ssm").get_parameters(Names=["/shop/list"])["Parameters"]
    assert (found["Type"], found["Value"]) == ("StringList", "a,b")


def test_event_bus_and_data_stream_are_created(local_aws: LocalAws) -> None:
    streams = [
        resource("AWS::Kinesis::Stream", "clicks", ShardCount="2"),
        resource("AWS::Kinesis::Stream", "views", StreamModeDetails={"StreamMode": "ON_DEMAND"}),
    ]
    create_resources([resource("AWS::Events::EventBus", "orders"), *streams], local_aws.client)
    assert "orders" in [bus["Name"] for bus in local_aws.client("events").list_event_buses()["EventBuses"]]
    kinesis = local_aws.client("kinesis")
    assert len(kinesis.describe_stream(StreamName="clicks")["StreamDescription"]["Shards"]) == 2
    assert kinesis.describe_stream_summary(StreamName="views")["StreamDescriptionSummary"]["StreamModeDetails"] == {
        "StreamMode": "ON_DEMAND"
    }


def test_key_is_known_by_the_alias_that_its_references_give(local_aws: LocalAws) -> None:
    key, alias = resource("AWS::KMS::Key", "alias/Key"), {"AliasName": "alias/shop", "TargetKeyId": "alias/Key"}
    create_resources([resource("AWS::KMS::Alias", "Alias", **alias), key], local_aws.client)
    kms = local_aws.client("kms")
    encrypted = kms.encrypt(KeyId="arn:aws:kms:eu-central-1:123456789012:alias/Key", Plaintext=b"text")
    assert kms.decrypt(CiphertextBlob=encrypted["CiphertextBlob"])["Plaintext"] == b"text"
    by_alias = [kms.describe_key(KeyId=each)["KeyMetadata"]["KeyId"] for each in ("alias/shop", "alias/Key")]
    assert by_alias[0] == by_alias[1]


def test_topic_sends_to_its_queues_what_their_filters_pass(local_aws: LocalAws) -> None:
    topic = "arn:aws:sns:eu-central-1:123456789012:prices"
    create_resources(
        [
            resource(
                "AWS::SNS::Subscription",
                "Subscription",
                TopicArn=topic,
                Protocol="sqs",
                Endpoint="arn:aws:sqs:eu-central-1:123456789012:price-falls",
                FilterPolicy={"change": ["down"]},
                RawMessageDelivery="true",
            ),
            resource(
                "AWS::SNS::Topic",
                "prices",
                Subscription=[{"Protocol": "sqs", "Endpoint": "arn:aws:sqs:eu-central-1:123456789012:all-prices"}],
            ),
            resource("AWS::SQS::Queue", "price-falls"),
            resource("AWS::SQS::Queue", "all-prices"),
        ],
        local_aws.client,
    )
    for change in ("up", "down"):
        attributes = {"change": {"DataType": "String", "StringValue": change}}
        local_aws.client("sns").publish(TopicArn=topic, Message=change, MessageAttributes=attributes)
    assert bodies(local_aws, "price-falls") == ["down"]
    assert [json.loads(body)["Message"] for body in bodies(local_aws, "all-prices")] == ["up", "down"]


def test_bucket_notifies_its_queue_of_what_its_filter_passes(local_aws: LocalAws) -> None:
    notification = {
        "Event": "s3:ObjectCreated:*",
        "Queue": "arn:aws:sqs:eu-central-1:123456789012:uploads",
        "Filter": {"S3Key": {"Rules": [{"Name": "suffix", "Value": ".csv"}]}},
    }
    bucket = resource(
        "AWS::S3::Bucket", "uploads-bucket", NotificationConfiguration={"QueueConfigurations": [notification]}
    )
    create_resources([bucket, resource("AWS::SQS::Queue", "uploads")], local_aws.client)
    for key in ("a.txt", "b.csv"):
        local_aws.client("s3").put_object(Bucket="uploads-bucket", Key=key, Body=b"x")
    events = [json.loads(body) for body in bodies(local_aws, "uploads")]
    assert [event["Records"][0]["s3"]["object"]["key"] for event in events if "Records" in event] == ["b.csv"]


def bodies(local_aws: LocalAws, queue: str) -> list[str]:
    """Return the bodies of the messages in a queue, and take them from it."""
    sqs = local_aws.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    return [each["Body"] for each in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])]


@pytest.mark.parametrize(
    ("kind", "name", "properties"),
    [
        ("AWS::Events::EventBus", "twice", {}),
        ("AWS::Kinesis::Stream", "twice", {}),
        ("AWS::KMS::Key", "alias/Twice", {}),
        ("AWS::SecretsManager::Secret", "twice", {"SecretString": "s"}),
        ("AWS::SSM::Parameter", "/twice", {"Type": "String", "Value": "v"}),
        ("AWS::SQS::Queue", "twice", {}),
        ("AWS::SNS::Topic", "twice", {}),
        ("AWS::S3::Bucket", "twice-bucket", {}),
        ("AWS::SES::EmailIdentity", "twice.example", {}),
        ("AWS::SES::ConfigurationSet", "twice", {}),
    ],
)
def test_creating_a_resource_twice_is_no_error(
    local_aws: LocalAws, kind: str, name: str, properties: Mapping[str, Any]
) -> None:
    twice = resource(kind, name, **properties)
    assert create_resources([twice], local_aws.client) == [twice]
    create_resources([twice], local_aws.client)


def test_resource_that_cannot_be_created_does_not_stop_the_others(local_aws: LocalAws) -> None:
    errors: list[ResourceError] = []
    wrong, incomplete = resource("AWS::SQS::Queue", "of no use"), resource("AWS::SSM::Parameter", "/incomplete")
    good = resource("AWS::SQS::Queue", "of-use")
    assert create_resources([wrong, incomplete, good], local_aws.client, on_error=errors.append) == [good]
    assert [str(error).partition(" could")[0] for error in errors] == [
        "Thing (AWS::SQS::Queue)",
        "Thing (AWS::SSM::Parameter)",
    ]
    assert "KeyError('Type')" in str(errors[1])


def test_existing_resource_is_not_changed(local_aws: LocalAws) -> None:
    create_resources([resource("AWS::SQS::Queue", "changed", DelaySeconds=1)], local_aws.client)
    assert create_resources([resource("AWS::SQS::Queue", "changed", DelaySeconds=2)], local_aws.client) == []


@pytest.mark.parametrize(
    "wrong",
    [
        resource("AWS::SQS::Queue", "no spaces allowed"),
        resource("AWS::S3::Bucket", "no"),
        resource("AWS::DynamoDB::Table", "table", KeySchema="of no use", AttributeDefinitions=[]),
    ],
    ids=lambda resource: resource.type,
)
def test_error_names_the_resource(local_aws: LocalAws, wrong: Resource) -> None:
    with pytest.raises(ResourceError, match=rf"^Thing \({wrong.type}\) could not be created: "):
        create_resources([wrong], local_aws.client)
