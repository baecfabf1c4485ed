"""Runs notify as Lambda does, on the events in the files of its arguments. AWS is moto's.

SES refuses every mail to REFUSED, and its message quotes the address. All logs go to stdout, at DEBUG.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto import mock_aws

from functions.notify import bootstrap
from functions.notify.handlers import notify
from tests.lambda_context import FakeContext
from tests.notify.fakes import NOW

TABLE = {
    "AttributeDefinitions": [
        {"AttributeName": "order_id", "AttributeType": "S"},
        {"AttributeName": "notification_id", "AttributeType": "S"},
    ],
    "KeySchema": [
        {"AttributeName": "order_id", "KeyType": "HASH"},
        {"AttributeName": "notification_id", "KeyType": "RANGE"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
}


class Body(list[bytes]):
    """An answer's body as urllib3 has it."""

    def stream(self, **_: Any) -> list[bytes]:
        return self


def refuse(request: Any, **_: Any) -> AWSResponse | None:
    """Answer a mail to REFUSED as SES in its sandbox does, and leave others to moto."""
    if os.environ["REFUSED"].encode() not in request.body:
        return None
    message = f"Email address is not verified. The following identities failed: {os.environ['REFUSED']}"
    headers = HTTPHeaders.from_dict({"x-amzn-ErrorType": "MessageRejected", "content-type": "application/json"})
    return AWSResponse(request.url, 400, headers, Body([json.dumps({"message": message}).encode()]))


def main(paths: list[str]) -> None:
    logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
    notifier = notify.notifier
    notify.notifier = replace(notifier, clock=lambda: NOW)
    with mock_aws():
        notifier.ledger.client.create_table(TableName=notifier.ledger.table, **cast("Any", TABLE))
        boto3.client("sqs").create_queue(QueueName="dead-letters")
        ses = bootstrap.ses()
        ses.create_email_identity(EmailIdentity="shop.example.com")
        ses.create_configuration_set(ConfigurationSetName="orders")
        ses.meta.events.register_first("before-send.sesv2.SendEmail", cast("Any", refuse))
        for path in paths:
            event = json.loads(Path(path).read_text())
            print(json.dumps(notify.handler(event, FakeContext("notify", remaining_ms=15_000))))  # noqa: T201 the answer


if __name__ == "__main__":
    main(sys.argv[1:])
