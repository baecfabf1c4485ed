"""A handler that could send mails and texts, and note them: the clients of the function notify."""

from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")
ses = boto3.client("sesv2")
sns = boto3.client("sns")
sqs = boto3.client("sqs")


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer nothing."""
    return {}
