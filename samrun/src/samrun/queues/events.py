"""Events that Lambda makes of the messages of a queue.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html shows an event of each kind of queue.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

Message = Mapping[str, Any]
"""A message as SQS's ReceiveMessage returns it, with all its attributes."""


def batch_event(messages: Iterable[Message], queue_arn: str) -> bytes:
    """Return the JSON event of a batch."""
    return json.dumps({"Records": [_record(message, queue_arn) for message in messages]}).encode()


def _record(message: Message, queue_arn: str) -> dict[str, Any]:
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: _attribute(attribute) for name, attribute in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }
    if "MD5OfMessageAttributes" in message:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def _attribute(attribute: Mapping[str, Any]) -> dict[str, Any]:
    value: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": attribute["DataType"]}
    if "StringValue" in attribute:
        value["stringValue"] = attribute["StringValue"]
    if "BinaryValue" in attribute:
        value["binaryValue"] = base64.b64encode(attribute["BinaryValue"]).decode()
    return value
