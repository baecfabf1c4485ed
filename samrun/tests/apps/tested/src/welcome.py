"""Welcomes new members, by mail and by a text message to their phones, and tells whether somebody is one."""

import base64
import json
import os
from typing import Any

import boto3

TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE"])
SES = boto3.client("sesv2")
SNS = boto3.client("sns")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    if "records" not in event:
        return {"member": "Item" in TABLE.get_item(Key={"email": event["pathParameters"]["email"]})}
    for records in event["records"].values():
        for record in records:
            welcome(json.loads(base64.b64decode(record["value"])))
    return {}


def welcome(member: dict[str, str]) -> None:
    TABLE.put_item(Item=member)
    print(f"{member['email']} is a member")
    SES.send_email(
        FromEmailAddress="club@example.com",
        Destination={"ToAddresses": [member["email"]]},
        Content={
            "Simple": {
                "Subject": {"Data": f"Welcome, {member['name']}"},
                "Body": {"Text": {"Data": "We are glad to have you."}},
            }
        },
    )
    if "phone" in member:
        SNS.publish(PhoneNumber=member["phone"], Message=f"Welcome, {member['name']}")
