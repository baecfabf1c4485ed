"""Runs notify as Lambda does, traces and all, on the events whose paths it is given; AWS is moto's.

SES refuses every mail to REFUSED in words that quote the address, as SES does. All logs go to stdout, at DEBUG.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto import mock_aws

from functions.notify import app

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

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


class Context:
    """What Lambda says of an invocation."""

    aws_request_id = "request-1"
    function_name = "notify"
    function_version = "$LATEST"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:notify"

    def get_remaining_time_in_millis(self) -> int:
        return 15_000


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
    notifier = app.notifier
    app.notifier = replace(notifier, clock=lambda: datetime(2026, 11, 22, 10, 20, tzinfo=UTC))
    with mock_aws():
        notifier.ledger.client.create_table(TableName=notifier.ledger.table, **cast("Any", TABLE))
        notifier.dead_letters.client.create_queue(QueueName="dead-letters")
        ses = app.mail.mailer.client
        ses.create_email_identity(EmailIdentity="shop.example.com")
        ses.create_configuration_set(ConfigurationSetName="orders")
        ses.meta.events.register_first("before-send.sesv2.SendEmail", cast("Any", refuse))
        for path in paths:
            event = json.loads(Path(path).read_text())
            print(json.dumps(app.handler(event, cast("LambdaContext", Context()))))  # noqa: T201 the answer


if __name__ == "__main__":
    main(sys.argv[1:])
