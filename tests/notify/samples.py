"""Samples that several tests of notify use: environments, names and the maker of records."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from functions.notify.channels.channels import MailChannel
from functions.notify.events.customer_events import ChannelName, CustomerEvent, read_customer_event
from functions.notify.events.notification_fields import read_all_fields
from functions.notify.events.records import Record
from functions.notify.messages.messages import TEMPLATES
from tools.contract.schemas import contract_folders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.notify.channels.mailer import SesClient
    from functions.notify.events.notification_fields import NotificationFields
    from functions.notify.notifying.notifier import Notifier

ROOT = Path(__file__).parents[2]
TABLE = "notifications"
# The sample events, by their types, and the fields of each event type that has templates.
EVENTS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text("utf-8"))
    for folder in contract_folders(ROOT)
    for path in folder.glob("*.v[0-9].json")
}
FIELDS = read_all_fields(TEMPLATES)
ACCOUNT, REGION = "123456789012", "eu-central-1"
STRUCTURED = {"content-type": b"application/cloudevents+json"}

# As template.yaml declares them, each function with its own.
COMMON = {
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "NOTIFICATIONS_TABLE": TABLE,
}
FEEDBACK_ENVIRONMENT = COMMON | {"POWERTOOLS_METRICS_NAMESPACE": "Shop"}
HISTORY_ENVIRONMENT = COMMON | {"NOTIFICATIONS_READ_SCOPE": "notifications:read"}
NOTIFY_ENVIRONMENT = FEEDBACK_ENVIRONMENT | {
    "DEAD_LETTER_QUEUE_URL": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/dead-letters",
    "CONFIGURATION_SET": "orders",
    "MAILS_PER_SECOND": "1000",
    "MAX_ENVIRONMENTS": "1",
    "SUPPORT_ADDRESS": "help@shop.example.com",
    "SENDER_ADDRESS": "orders@shop.example.com",
    "TEXT_MESSAGES": "true",
    "TEXTS_PER_SECOND": "1000",
    "TEXT_SENDER_ID": "",
    "SHOP_NAME": "The Analytical Bookshop",
    "SHOP_URL": "https://shop.example.com",
    "UNKNOWN_POLICY": "resend",
    "MAXIMUM_EVENT_AGE_SECONDS": "259200",
}


class RecordMaker(Protocol):
    """Makes a record of the mapping from a value, which is JSON unless it is bytes or None."""

    def __call__(
        self, value: Any, *, key: str | None = "k", offset: int = 0, headers: dict[str, bytes] | None = None
    ) -> Record: ...


def with_ses(notifier: Notifier, client: SesClient) -> Notifier:
    """Return the notifier with another client of SES."""
    mail = mail_of(notifier)
    changed = replace(mail, mailer=replace(mail.mailer, client=client))
    return replace(notifier, channels={**notifier.channels, ChannelName.MAIL: changed})


def mail_of(notifier: Notifier) -> MailChannel:
    """Return the notifier's channel for mail."""
    mail = notifier.channels[ChannelName.MAIL]
    assert isinstance(mail, MailChannel)
    return mail


def make_record(
    value: Any, *, key: str | None = "k", offset: int = 0, headers: dict[str, bytes] | None = None
) -> Record:
    """Make a record of the mapping from a value, which is JSON unless it is bytes or None."""
    content = value if isinstance(value, bytes | None) else json.dumps(value).encode()
    return Record(
        partition_id="order-events-0",
        topic="order-events",
        partition=0,
        offset=offset,
        key=key,
        source={
            "value": None if content is None else base64.b64encode(content).decode(),
            "headers": [
                {name: list(content)} for name, content in (STRUCTURED if headers is None else headers).items()
            ],
        },
    )


def read_event(event: Any, fields: Mapping[str, NotificationFields] = FIELDS) -> CustomerEvent:
    """Read an event as notify does."""
    found = read_customer_event(make_record(event), fields)
    assert isinstance(found, CustomerEvent), found
    return found
