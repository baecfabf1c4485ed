"""What Ref and Fn::GetAtt answer."""

from typing import Any

import pytest

from local.references import References

RESOURCES: dict[str, Any] = {
    "Alias": {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": "Fn", "Name": "live"}},
    "Bucket": {"Type": "AWS::S3::Bucket"},
    "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "bus"}},
    "Fifo": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True}},
    "FifoTopic": {"Type": "AWS::SNS::Topic", "Properties": {"FifoTopic": "true"}},
    "Fn": {"Type": "AWS::Lambda::Function"},
    "Identity": {"Type": "AWS::SES::EmailIdentity", "Properties": {"EmailIdentity": {"Ref": "Domain"}}},
    "Named": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "letters"}},
    "Other": {"Type": "AWS::Cognito::UserPool"},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": False}},
    "Role": {"Type": "AWS::IAM::Role"},
    "Table": {"Type": "AWS::DynamoDB::Table"},
    "Topic": {"Type": "AWS::SNS::Topic"},
    "Version": {
        "Type": "AWS::Lambda::Version",
        "Properties": {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:Fn"},
    },
}


def resolve(value: Any) -> Any:
    return "shop.example" if value == {"Ref": "Domain"} else value


references = References(RESOURCES, region="eu-central-1", aws="http://127.0.0.1:4566", resolve=resolve)


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
        ("Named", "http://127.0.0.1:4566/123456789012/letters"),
        ("Other", "Other"),
        ("Queue", "http://127.0.0.1:4566/123456789012/Queue"),
        ("Table", "Table"),
        ("Topic", "arn:aws:sns:eu-central-1:123456789012:Topic"),
        ("Version", "arn:aws:lambda:eu-central-1:123456789012:function:Fn:1"),
    ],
)
def test_ref_answers_what_cloudformation_would(logical_id: str, answer: str) -> None:
    assert references(logical_id, None) == answer


@pytest.mark.parametrize(
    ("logical_id", "attribute", "answer"),
    [
        ("Bucket", "Arn", "arn:aws:s3:::bucket"),
        ("Bus", "Arn", "arn:aws:events:eu-central-1:123456789012:event-bus/bus"),
        ("Bus", "Name", "bus"),
        ("Fn", "Arn", "arn:aws:lambda:eu-central-1:123456789012:function:Fn"),
        ("Named", "Arn", "arn:aws:sqs:eu-central-1:123456789012:letters"),
        ("Named", "QueueName", "letters"),
        ("Named", "QueueUrl", "http://127.0.0.1:4566/123456789012/letters"),
        ("Role", "Arn", "arn:aws:iam::123456789012:role/Role"),
        ("Table", "Arn", "arn:aws:dynamodb:eu-central-1:123456789012:table/Table"),
        ("Topic", "TopicArn", "arn:aws:sns:eu-central-1:123456789012:Topic"),
        ("Topic", "TopicName", "Topic"),
        ("Table", "StreamArn", "Table.StreamArn"),
    ],
)
def test_get_att_answers_what_is_of_use_on_one_machine(logical_id: str, attribute: str, answer: str) -> None:
    assert references(logical_id, attribute) == answer


def test_what_is_not_declared_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="Missing"):
        references("Missing", None)
