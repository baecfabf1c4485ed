"""Events that a trigger makes of messages."""

import json

from samrun.queues.events import batch_event

ARN = "arn:aws:sqs:eu-central-1:123456789012:jobs.fifo"


def test_event_has_lambdas_form() -> None:
    message = {
        "MessageId": "m-1",
        "ReceiptHandle": "handle",
        "Body": "text",
        "MD5OfBody": "1cb251ec0d568de6a929b520c4aed8d1",
        "Attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "group"},
        "MD5OfMessageAttributes": "abc",
        "MessageAttributes": {
            "kind": {"DataType": "String", "StringValue": "order"},
            "picture": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        },
    }
    assert json.loads(batch_event([message], ARN)) == {
        "Records": [
            {
                "messageId": "m-1",
                "receiptHandle": "handle",
                "body": "text",
                "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "group"},
                "messageAttributes": {
                    "kind": {
                        "dataType": "String",
                        "stringValue": "order",
                        "stringListValues": [],
                        "binaryListValues": [],
                    },
                    "picture": {
                        "dataType": "Binary",
                        "binaryValue": "AP8=",
                        "stringListValues": [],
                        "binaryListValues": [],
                    },
                },
                "md5OfBody": "1cb251ec0d568de6a929b520c4aed8d1",
                "md5OfMessageAttributes": "abc",
                "eventSource": "aws:sqs",
                "eventSourceARN": ARN,
                "awsRegion": "eu-central-1",
            }
        ]
    }
