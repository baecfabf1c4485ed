"""SES's events from EventBridge, by a tolerant reader: it requires the fields that it uses, and ignores all others.

Their types: https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html
Their fields: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from functions.notify.events.identifier import Identifier
from functions.notify.feedback.delivery_status import DeliveryStatus, Feedback
from functions.notify.timestamps import Moment

if TYPE_CHECKING:
    from collections.abc import Mapping

# Reasons are stored and logged. All reasons that SES documents have this form, and no address has it.
TOKEN = re.compile(r"[A-Za-z-]{1,40}")
HARD_BOUNCE = "Permanent"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """An event type that reports a status: its details object, and the fields of that object with the reason."""

    status: DeliveryStatus
    details: str
    reasons: tuple[str, ...] = ()
    reason: str = ""
    """For a type that has only one reason."""


# By EventBridge's detail-type.
KINDS = {
    "Email Delivery Delayed": Kind(status=DeliveryStatus.DELAYED, details="deliveryDelay", reasons=("delayType",)),
    "Email Rejected": Kind(status=DeliveryStatus.REJECTED, details="reject", reason="bad content"),
    "Email Rendering Failed": Kind(status=DeliveryStatus.REJECTED, details="failure", reason="rendering failure"),
    "Email Delivered": Kind(status=DeliveryStatus.DELIVERED, details="delivery"),
    "Email Bounced": Kind(status=DeliveryStatus.BOUNCED, details="bounce", reasons=("bounceType", "bounceSubType")),
    "Email Complaint Received": Kind(
        status=DeliveryStatus.COMPLAINED, details="complaint", reasons=("complaintSubType", "complaintFeedbackType")
    ),
}


@dataclass(frozen=True, kw_only=True)
class Ignored:
    """An event that changes no status, and the reason, without values of the event."""

    reason: str


def _decoded(values: Any) -> str:
    """Decode a tag, which has exactly one value, as mailer.tag_value writes it. Raises ValueError."""
    match values:
        case [str(value)]:
            return base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True).decode()
    raise ValueError


Tag = Annotated[Identifier, BeforeValidator(_decoded)]


class _Tags(BaseModel):
    order_id: Tag
    notification_id: Tag


class _Mail(BaseModel):
    message_id: Annotated[Identifier, Field(alias="messageId")]
    timestamp: Moment
    tags: dict[str, Any] = {}


class _Detail(BaseModel):
    model_config = ConfigDict(extra="allow")

    mail: _Mail


class _Event(BaseModel):
    time: Moment
    detail: _Detail


_TIME = TypeAdapter(Moment)


def read(event: Mapping[str, Any]) -> Feedback | Ignored:
    """Return SES's report about one of our notifications, or the reason why the event is ignored."""
    kind = KINDS.get(str(event.get("detail-type"))) if event.get("source") == "aws.ses" else None
    if not kind:
        return Ignored(reason="unknown kind")
    try:
        read_event = _Event.model_validate(event)
        mail = read_event.detail.mail
        details = (read_event.detail.model_extra or {}).get(kind.details)
        details = details if isinstance(details, dict) else {}
        at = _TIME.validate_python(details.get("timestamp", read_event.time))
    except ValidationError:
        return Ignored(reason="not in the form of SES's events")
    try:
        tags = _Tags.model_validate(mail.tags)
    except ValidationError:
        return Ignored(reason="no tags of ours")
    return Feedback(
        order_id=tags.order_id,
        notification_id=tags.notification_id,
        status=_status(kind, details),
        reason=kind.reason or _reason(kind, details),
        at=at,
        message_id=mail.message_id,
        sent_at=mail.timestamp,
    )


def _status(kind: Kind, details: Mapping[str, Any]) -> DeliveryStatus:
    is_soft = kind.status is DeliveryStatus.BOUNCED and details.get("bounceType") != HARD_BOUNCE
    return DeliveryStatus.SOFT_BOUNCED if is_soft else kind.status


def _reason(kind: Kind, details: Mapping[str, Any]) -> str:
    values = (details.get(name) for name in kind.reasons)
    return "/".join(value for value in values if isinstance(value, str) and TOKEN.fullmatch(value))
