"""A new event type of another service's topic: a folder is enough, and the function as it is sends its messages."""

from __future__ import annotations

import base64
import json
import shutil
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Any, cast

import pytest
from moto.ses.models import ses_backends
from moto.sns.models import sns_backends

from functions.notify.messages.messages import TEMPLATES, Messages
from functions.notify.notifying.pending_writes import PendingWrites
from tests.lambda_context import FakeContext
from tests.notify.samples import ACCOUNT, NOTIFY_ENVIRONMENT, REGION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import boto3
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.notify.fakes import FakeClock

# All that the new event type consists of, in one language.
FOLDER = {
    "notification.json": json.dumps(
        {
            "key": "data.membership.id",
            "recipient": {"email": "data.member.mail", "name": "data.member.name", "phone": "data.member.mobile"},
            "values": {"level_name": ["data.membership.title", "data.membership.level"]},
        }
    ),
    "en/subject.txt.jinja": "Welcome to {{ level_name }}",
    "en/mail.txt.jinja": (
        '{% extends "layout.txt.jinja" %}{% block content %}Hello {{ recipient.name | user_text }}.{% endblock %}'
    ),
    "en/mail.html.jinja": '{% extends "layout.html.jinja" %}{% block content %}Level {{ level_name }}{% endblock %}',
    "en/text_message.txt.jinja": "{{ shop_name }}: you are {{ level_name }} now.",
}
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "m-1",
    "source": "/members",
    "type": "membership.granted.v1",
    "time": "2026-11-22T10:15:30.000Z",
    "data": {
        "membership": {"id": "mem_7", "level": "gold"},
        "member": {"mail": "ada@example.com", "name": "Ada Lovelace", "mobile": "+14155550100"},
    },
}


@pytest.fixture
def invoke(
    tmp_path: Path,
    dynamodb: DynamoDBClient,
    session: boto3.Session,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[dict[str, Any]], Any]:
    """Invokes the function, with the new folder beside the present ones, with a record of that topic."""
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    for name, content in FOLDER.items():
        file = templates / "membership.granted.v1" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, "utf-8")
    for name, value in NOTIFY_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    from functions.notify.handlers import notify

    messages = Messages(shop_name=NOTIFY_ENVIRONMENT["SHOP_NAME"], templates=templates)
    notifier = notify.notifier
    channels = {name: replace(cast("Any", each), messages=messages) for name, each in notifier.channels.items()}
    ledger = replace(notifier.ledger, batch_writer=None)  # moto does not support its statements
    changed = replace(
        notifier, messages=messages, channels=channels, ledger=ledger, clock=clock, pending_writes=PendingWrites()
    )
    monkeypatch.setattr(notify, "notifier", changed)
    session.client("sqs").create_queue(QueueName="dead-letters")
    ses = session.client("sesv2")
    ses.create_email_identity(EmailIdentity="shop.example.com")
    ses.create_configuration_set(ConfigurationSetName="orders")

    def run(event: dict[str, Any]) -> Any:
        value = base64.b64encode(json.dumps(event).encode()).decode()
        record = {"topic": "member-events", "partition": 2, "offset": 5, "key": "bWVtXzc=", "value": value}
        batch = {"eventSource": "aws:kafka", "records": {"member-events-2": [record | {"headers": []}]}}
        return notify.handler(batch, FakeContext("notify", remaining_ms=15_000))

    return run


def sent() -> tuple[list[Any], list[tuple[str, str]]]:
    """Return the mails and the text messages that AWS has."""
    mails = [
        message_from_bytes(each.raw_data.encode(), policy=default)
        for each in cast("Any", ses_backends[ACCOUNT][REGION]).sent_messages
    ]
    texts = [tuple(each[:2]) for each in cast("Any", sns_backends[ACCOUNT][REGION]).sms_messages.values()]
    return mails, texts


def test_customer_gets_one_mail_and_one_text_message_of_a_new_event_type(
    invoke: Callable[[dict[str, Any]], Any], dynamodb: DynamoDBClient
) -> None:
    for _ in range(2):  # delivery is at least once
        assert invoke(EVENT) == {"batchItemFailures": []}
    [mail], texts = sent()
    assert (mail["Subject"], mail["To"]) == ("Welcome to gold", "Ada Lovelace <ada@example.com>")
    text, html = mail.iter_parts()
    assert "Hello Ada Lovelace." in text.get_content()
    assert "Level gold" in html.get_content()
    assert texts == [("+14155550100", "The Analytical Bookshop: you are gold now.")]
    items = dynamodb.scan(TableName="notifications")["Items"]
    assert sorted((each["order_id"]["S"], each["notification_id"]["S"], each["status"]["S"]) for each in items) == [
        ("mem_7", "m-1#mail", "sent"),
        ("mem_7", "m-1#text", "sent"),
    ]


def test_event_without_a_declared_field_is_dead_lettered_with_its_path(
    invoke: Callable[[dict[str, Any]], Any], session: boto3.Session
) -> None:
    assert invoke(EVENT | {"data": {"membership": {"id": "mem_7"}}}) == {"batchItemFailures": []}
    assert sent() == ([], [])
    [dead_letter] = session.client("sqs").receive_message(
        QueueUrl=NOTIFY_ENVIRONMENT["DEAD_LETTER_QUEUE_URL"], MessageAttributeNames=["All"]
    )["Messages"]
    assert dead_letter["MessageAttributes"]["reason"]["StringValue"] == "data.member.mail: missing"
    assert dead_letter["MessageAttributes"]["topic"]["StringValue"] == "member-events"
