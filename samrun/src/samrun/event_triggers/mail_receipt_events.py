"""Events about a received mail, for functions and for topics.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-lambda-event.html
https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses
from typing import Any

from samrun.rfc3339 import rfc3339

_VERDICTS = ("spamVerdict", "virusVerdict", "spfVerdict", "dkimVerdict", "dmarcVerdict")
_ADDRESSES = ("from", "to", "cc", "reply-to")
_NAMES = {"reply-to": "replyTo"}


@dataclass(kw_only=True)
class IncomingMail:
    """A mail that was received for `recipients`. `raw` is the message, with the headers that actions added."""

    id: str
    sender: str
    recipients: Sequence[str]
    created: datetime
    raw: bytes
    received: datetime = field(default_factory=lambda: datetime.now(UTC))

    def add_header(self, name: str, value: str) -> None:
        """Add a header at the beginning of the message."""
        self.raw = f"{name}: {value}\r\n".encode() + self.raw

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        return message_from_bytes(self.raw, policy=default)


def receipt_event(received: IncomingMail, action: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event that a function gets about a mail."""
    record = {"mail": _mail(received), "receipt": _receipt(received, action)}
    return {"Records": [{"eventSource": "aws:ses", "eventVersion": "1.0", "ses": record}]}


def receipt_notification(received: IncomingMail, action: Mapping[str, Any], *, encoding: str | None) -> dict[str, Any]:
    """Return the notification that a topic gets; with an `encoding` (UTF-8 or Base64), it has the mail's content."""
    content = {}
    if encoding is not None:
        raw = received.raw
        content["content"] = (
            base64.b64encode(raw).decode() if encoding.lower() == "base64" else raw.decode(errors="replace")
        )
    return {
        "notificationType": "Received",
        "mail": _mail(received),
        "receipt": _receipt(received, action),
        **content,
    }


def _receipt(received: IncomingMail, action: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "timestamp": rfc3339(received.received, "milliseconds"),
        "processingTimeMillis": max(0, int((datetime.now(UTC) - received.received).total_seconds() * 1000)),
        "recipients": list(received.recipients),
        **{verdict: {"status": "PASS"} for verdict in _VERDICTS},
        "action": dict(action),
    }


def _mail(received: IncomingMail) -> dict[str, Any]:
    message = received.message
    headers = [(name, str(value)) for name, value in message.items()]
    by_name = {name.lower(): value for name, value in reversed(headers)}
    common: dict[str, Any] = {
        _NAMES.get(name, name): [_address(*each) for each in getaddresses([by_name[name]])]
        for name in _ADDRESSES
        if name in by_name
    }
    common |= {
        name: by_name[header]
        for name, header in (("date", "date"), ("messageId", "message-id"), ("subject", "subject"))
        if header in by_name
    }
    return {
        "timestamp": rfc3339(received.created, "milliseconds"),
        "source": received.sender,
        "messageId": received.id,
        "destination": list(received.recipients),
        "headersTruncated": False,
        "headers": [{"name": name, "value": value} for name, value in headers],
        "commonHeaders": {"returnPath": received.sender, **common},
    }


def _address(name: str, address: str) -> str:
    return f"{name} <{address}>" if name else address
