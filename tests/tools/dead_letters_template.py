"""The part of template.yaml that has the dead letters: the queue, the bucket and the function, with their outputs."""

from __future__ import annotations

from typing import Any

REGION = "us-east-1"

RESOURCES: dict[str, Any] = {
    "DeadLetterQueue": {"Type": "AWS::SQS::Queue"},
    "DeadLetterBucket": {"Type": "AWS::S3::Bucket"},
    "NotifyFunction": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": "app.handler",
            "Role": "arn:aws:iam::123456789012:role/notify",
            "Code": {"ZipFile": "def handler(event, context): pass"},
        },
    },
}
OUTPUTS: dict[str, Any] = {
    "DeadLetterQueueUrl": {"Value": {"Ref": "DeadLetterQueue"}},
    "DeadLetterBucketName": {"Value": {"Ref": "DeadLetterBucket"}},
    "NotifyFunctionName": {"Value": {"Ref": "NotifyFunction"}},
}
