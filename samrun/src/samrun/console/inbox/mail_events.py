"""Events that SES publishes about a mail: delivery, bounce, complaint and delay, made up for a mail of the inbox.

Their form: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html, and in EventBridge
https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from samrun.console.inbox.message import Address
from samrun.console.inbox.summary import Summary
from samrun.rfc3339 import rfc3339
from samrun.template.model.account import ACCOUNT

_MTA = "a8-50.smtp-out.{region}.amazonses.com"
# Seconds.
_DELAYED_FOR = 600
_EXPIRES_AFTER = 14 * 3600
_CONFIGURATION_SET = "X-Ses-Configuration-Set"
_MESSAGE_TAGS = "X-Ses-Message-Tags"


@dataclass(frozen=True, kw_only=True)
class FeedbackKind:
    """Kind of feedback: its label here, and SES's names of it: of the event, of its type, and in EventBridge.

    `details` returns what the event says about its recipients, at a moment, sent from a region.
    """

    label: str
    event: str
    event_type: str
    detail_type: str
    details_name: str
    details: Callable[[list[str], datetime, str], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class MailEvent:
    """Event about a mail: `detail` is what a topic gets, and is a part of what EventBridge sends."""

    kind: FeedbackKind
    configuration_set: str
    detail: Mapping[str, Any]
    region: str
    time: datetime

    @property
    def resource(self) -> str:
        """The ARN of the configuration set."""
        return f"arn:aws:ses:{self.region}:{ACCOUNT}:configuration-set/{self.configuration_set}"

    @property
    def in_event_bridge(self) -> Mapping[str, Any]:
        """The event as a rule of EventBridge sees it."""
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": self.kind.detail_type,
            "source": "aws.ses",
            "account": ACCOUNT,
            "time": rfc3339(self.time),
            "region": self.region,
            "resources": [self.resource],
            "detail": self.detail,
        }


def mail_event(
    kind: FeedbackKind, summary: Summary, headers: Mapping[str, list[str]], *, region: str, now: datetime
) -> MailEvent:
    """Return the event about a mail with these headers."""
    configuration_set = configuration_set_of(summary, headers)
    recipients = list(summary.mail.recipients)
    detail = {
        "eventType": kind.event,
        kind.details_name: kind.details(recipients, now, region),
        "mail": _mail(summary, headers, configuration_set, region),
    }
    return MailEvent(kind=kind, configuration_set=configuration_set, detail=detail, region=region, time=now)


def configuration_set_of(summary: Summary, headers: Mapping[str, list[str]]) -> str:
    """Return the configuration set that the request or the mail names; an empty text if none does."""
    return summary.mail.options.configuration_set or _last(headers, _CONFIGURATION_SET)


def _mail(summary: Summary, headers: Mapping[str, list[str]], configuration_set: str, region: str) -> Mapping[str, Any]:
    mail = summary.mail
    domain = mail.sender.rpartition("@")[2].strip("> ")
    own_tags = _header_tags(_last(headers, _MESSAGE_TAGS)) | dict(mail.options.tags)
    message_id = summary.message_id.partition("@")[0]
    return {
        "timestamp": rfc3339(mail.created, "milliseconds"),
        "source": _text(summary.sender),
        "sourceArn": f"arn:aws:ses:{region}:{ACCOUNT}:identity/{domain}",
        "sendingAccountId": ACCOUNT,
        "messageId": message_id,
        "destination": list(mail.recipients),
        "headersTruncated": False,
        "headers": [{"name": name, "value": value} for name, values in headers.items() for value in values],
        "commonHeaders": {
            "from": [_text(summary.sender)],
            "to": [_text(each) for each in summary.to],
            "messageId": message_id,
            "subject": summary.subject,
        },
        "tags": {
            "ses:operation": ["SendEmail"],
            "ses:configuration-set": [configuration_set],
            "ses:from-domain": [domain],
            "ses:source-ip": ["127.0.0.1"],
            "ses:caller-identity": ["samrun"],
            **{name: [value] for name, value in own_tags.items()},
        },
    }


def _last(headers: Mapping[str, list[str]], name: str) -> str:
    return headers.get(name, [""])[-1].strip()


def _header_tags(text: str) -> dict[str, str]:
    """Return the tags of X-SES-MESSAGE-TAGS: `name=value, name=value`."""
    pairs = (each.partition("=") for each in text.split(",") if "=" in each)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _text(box: Address) -> str:
    return f"{box.name} <{box.address}>" if box.name else box.address


def _delivery(recipients: list[str], now: datetime, region: str) -> Mapping[str, Any]:
    return {
        "timestamp": rfc3339(now, "milliseconds"),
        "processingTimeMillis": 1806,
        "recipients": recipients,
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": _MTA.format(region=region),
        "remoteMtaIp": "127.0.0.1",
    }


def _bounce(recipients: list[str], now: datetime, region: str) -> Mapping[str, Any]:
    reason = {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
    return {
        "feedbackId": str(uuid.uuid4()),
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [{"emailAddress": each, **reason} for each in recipients],
        "timestamp": rfc3339(now, "milliseconds"),
        "reportingMTA": f"dns; {_MTA.format(region=region)}",
    }


def _complaint(recipients: list[str], now: datetime, _: str) -> Mapping[str, Any]:
    return {
        "feedbackId": str(uuid.uuid4()),
        "complaintSubType": None,
        "complainedRecipients": [{"emailAddress": each} for each in recipients],
        "timestamp": rfc3339(now, "milliseconds"),
        "userAgent": "samrun",
        "complaintFeedbackType": "abuse",
        "arrivalDate": rfc3339(now, "milliseconds"),
    }


def _delay(recipients: list[str], now: datetime, region: str) -> Mapping[str, Any]:
    reason = {"status": "4.2.2", "diagnosticCode": "smtp; 452 4.2.2 mailbox full"}
    return {
        "timestamp": rfc3339(now, "milliseconds"),
        "delayType": "MailboxFull",
        "expirationTime": rfc3339(now + timedelta(seconds=_EXPIRES_AFTER - _DELAYED_FOR), "milliseconds"),
        "delayedRecipients": [{"emailAddress": each, **reason} for each in recipients],
        "reportingMTA": _MTA.format(region=region),
    }


def _kind(
    label: str, event: str, detail_type: str, details: Callable[[list[str], datetime, str], Mapping[str, Any]]
) -> FeedbackKind:
    # SES begins the types of a destination and the details of an event with a small letter.
    name = event[0].lower() + event[1:]
    return FeedbackKind(
        label=label, event=event, event_type=name, detail_type=detail_type, details_name=name, details=details
    )


FEEDBACK = {
    "delivery": _kind("Delivery", "Delivery", "Email Delivered", _delivery),
    "bounce": _kind("Bounce", "Bounce", "Email Bounced", _bounce),
    "complaint": _kind("Complaint", "Complaint", "Email Complaint Received", _complaint),
    "delay": _kind("Delay", "DeliveryDelay", "Email Delivery Delayed", _delay),
}
"""Each kind of feedback, by its name in the console."""
