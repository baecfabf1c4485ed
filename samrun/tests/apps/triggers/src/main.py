"""Functions of the tests of triggers: one that records what it gets, and one that invokes it."""

import json
import os
import uuid
from typing import Any

import boto3


def record(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Put the event into the table; fail for the messages that say so."""
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    table.put_item(Item={"id": str(uuid.uuid4()), "event": json.dumps(event)})
    if event.get("ask") == "environment":
        secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["PASSWORD_SECRET"])
        return {**os.environ, "SECRET": secret["SecretString"]}
    records = event.get("Records", [])
    failed = [each["messageId"] for each in records if "fail" in each.get("body", "")]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}


def invoke(event: dict[str, Any], _context: object) -> Any:
    """Invoke the other function by its ARN, and return what it returned."""
    answer = boto3.client("lambda").invoke(FunctionName=os.environ["TARGET"], Payload=json.dumps(event))
    return json.loads(answer["Payload"].read())
