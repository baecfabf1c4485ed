"""Values of Ref and Fn::GetAtt."""

from typing import Any

import pytest

from samrun.template.resolution.references import References

RESOURCES: dict[str, Any] = {
    "Alias": {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": "Fn", "Name": "live"}},
    "Bucket": {"Type": "AWS::S3::Bucket"},
    "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "bus"}},
    "Fifo": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True}},
    "FifoTopic": {"Type": "AWS::SNS::Topic", "Properties": {"FifoTopic": "true"}},
    "Fn": {"Type": "AWS::Lambda::Function"},
    "Identity": {"Type": "AWS::SES::EmailIdentity", "Properties": {"EmailIdentity": {"Ref": "Domain"}}},
    "Key": {"Type": "AWS::KMS::Key"},
    "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/a/b", "Type": "String", "Value": "v"}},
    "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "shop/db"}},
    "Stream": {"Type": "AWS::Kinesis::Stream"},
    "Streamed": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {"StreamSpecification": {"StreamViewType": "NEW_IMAGE"}},
    },
    "T": {"Type": "AWS::DynamoDB::Table"},
    "Named": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}},
    "Other": {"Type": "AWS::Cognito::UserPool"},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": False}},
    "Role": {"Type": "AWS::IAM::Role"},
    "Table": {"Type": "AWS::DynamoDB::Table"},
    "Topic": {"Type": "AWS::SNS::Topic"},
    "Url": {"Type": "AWS::Lambda::Url", "Properties": {"TargetFunctionArn": "Fn"}},
    "UrlOfAlias": {"Type": "AWS::Lambda::Url", "Properties": {"TargetFunctionArn": "Fn", "Qualifier": "live"}},
    "Version": {
        "Type": "AWS::Lambda::Version",
        "Properties": {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:Fn"},
    },
}


def resolve(value: Any) -> Any:
    return "shop.example" if value == {"Ref": "Domain"} else value


references = References(
    RESOURCES, region="eu-central-1", aws="http://127.0.0.1:4566", api="http://127.0.0.1:3000", resolve=resolve
)


@pytest.mark.parametrize(
    ("logical_id", "answer"),
    [
        ("Alias", "arn:aws:lambda:eu-central-1:123456789012:function:Fn:live"),
        ("Bucket", "bucket"),
        ("Bus", "bus"),
        ("Fifo", "http://127.0.0.1:4566/123456789012/Fifo.fifo"),
        ("FifoTopic", "arn:aws:sns:eu-central-1:123456789012:FifoTopic.fifo"),
        ("Fn", "Fn"),
        ("Identity", "shop.example"),
        ("Key", "alias/Key"),
        ("Parameter", "/a/b"),
        ("Secret", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/db"),
        ("Stream", "Stream"),
        ("T", "T-table"),
        ("Named", "http://127.0.0.1:4566/123456789012/jobs"),
        ("Other", "Other"),
        ("Queue", "http://127.0.0.1:4566/123456789012/Queue"),
        ("Table", "Table"),
        ("Topic", "arn:aws:sns:eu-central-1:123456789012:Topic"),
        ("Url", "arn:aws:lambda:eu-central-1:123456789012:function:Fn"),
        ("UrlOfAlias", "arn:aws:lambda:eu-central-1:123456789012:function:Fn:live"),
        ("Version", "arn:aws:lambda:eu-central-1:123456789012:function:Fn:1"),
    ],
)
def test_ref_has_the_value_that_cloudformation_returns(logical_id: str, answer: str) -> None:
    assert references(logical_id, None) == answer


@pytest.mark.parametrize(
    ("logical_id", "attribute", "answer"),
    [
        ("Bucket", "Arn", "arn:aws:s3:::bucket"),
        ("Bus", "Arn", "arn:aws:events:eu-central-1:123456789012:event-bus/bus"),
        ("Bus", "Name", "bus"),
        ("Fn", "Arn", "arn:aws:lambda:eu-central-1:123456789012:function:Fn"),
        ("Named", "Arn", "arn:aws:sqs:eu-central-1:123456789012:jobs"),
        ("Named", "QueueName", "jobs"),
        ("Named", "QueueUrl", "http://127.0.0.1:4566/123456789012/jobs"),
        ("Role", "Arn", "arn:aws:iam::123456789012:role/Role"),
        ("Table", "Arn", "arn:aws:dynamodb:eu-central-1:123456789012:table/Table"),
        ("Topic", "TopicArn", "arn:aws:sns:eu-central-1:123456789012:Topic"),
        ("Topic", "TopicName", "Topic"),
        ("Table", "StreamArn", "Table.StreamArn"),
        (
            "Streamed",
            "StreamArn",
            "arn:aws:dynamodb:eu-central-1:123456789012:table/Streamed/stream/2026-01-01T00:00:00.000",
        ),
        ("Bucket", "DomainName", "bucket.s3.amazonaws.com"),
        ("Bucket", "RegionalDomainName", "bucket.s3.eu-central-1.amazonaws.com"),
        ("Key", "Arn", "arn:aws:kms:eu-central-1:123456789012:alias/Key"),
        ("Key", "KeyId", "alias/Key"),
        ("Parameter", "Value", "v"),
        ("Secret", "Id", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/db"),
        ("Url", "FunctionUrl", "http://127.0.0.1:3000/lambda-url/Fn/"),
        ("UrlOfAlias", "FunctionUrl", "http://127.0.0.1:3000/lambda-url/Fn:live/"),
        ("UrlOfAlias", "FunctionArn", "arn:aws:lambda:eu-central-1:123456789012:function:Fn:live"),
        ("Stream", "Arn", "arn:aws:kinesis:eu-central-1:123456789012:stream/Stream"),
    ],
)
def test_get_att_has_the_value_that_one_machine_can_give(logical_id: str, attribute: str, answer: str) -> None:
    assert references(logical_id, attribute) == answer


def test_reference_to_an_undeclared_resource_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="Missing"):
        references("Missing", None)
