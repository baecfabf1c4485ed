"""Reads SES's events, as EventBridge brings them: a tolerant reader, which needs what it uses and ignores the rest.

What they are: https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html, and what is in them:
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from functions.notify.events import Identifier
from functions.notify.outcomes import Feedback, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

# They are kept and logged. All that SES documents is of this form, and no address is.
TOKEN = re.compile(r"[A-Za-z-]{1,40}")
HARD_BOUNCE = "Permanent"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of event that tells of an outcome: the object with its details, and where in it the reason is."""

    outcome: Outcome
    details: str
    reasons: tuple[str, ...] = ()
    reason: str = ""
    """Where there is only one."""


# By EventBridge's detail-type.
KINDS = {
    "Email Delivery Delayed": Kind(outcome=Outcome.DELAYED, details="deliveryDelay", reasons=("delayType",)),
    "Email Rejected": Kind(outcome=Outcome.REJECTED, details="reject", reason="bad content"),
    "Email Rendering Failed": Kind(outcome=Outcome.REJECTED, details="failure", reason="rendering failure"),
    "Email Delivered": Kind(outcome=Outcome.DELIVERED, details="delivery"),
    "Email Bounced": Kind(outcome=Outcome.BOUNCED, details="bounce", reasons=("bounceType", "bounceSubType")),
    "Email Complaint Received": Kind(
        outcome=Outcome.COMPLAINED, details="complaint", reasons=("complaintSubType", "complaintFeedbackType")
    ),
}


@dataclass(frozen=True, kw_only=True)
class Ignored:
    """An event that moves nothing, and why; no value of it."""

    reason: str


def _decoded(values: Any) -> str:
    """Read the values of a tag, of which there is one, as mailer.tag_value wrote it. Raises ValueError."""
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
    timestamp: AwareDatetime
    tags: dict[str, Any] = {}


class _Detail(BaseModel):
    model_config = ConfigDict(extra="allow")

    mail: _Mail


class _Event(BaseModel):
    time: AwareDatetime
    detail: _Detail


_TIME = TypeAdapter(AwareDatetime)


def read(event: Mapping[str, Any]) -> Feedback | Ignored:
    """Read what an event of SES tells of one of our notifications."""
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
        outcome=_outcome(kind, details),
        reason=kind.reason or _reason(kind, details),
        at=at.astimezone(UTC),
        message_id=mail.message_id,
        sent_at=mail.timestamp.astimezone(UTC),
    )


def _outcome(kind: Kind, details: Mapping[str, Any]) -> Outcome:
    is_soft = kind.outcome is Outcome.BOUNCED and details.get("bounceType") != HARD_BOUNCE
    return Outcome.SOFT_BOUNCED if is_soft else kind.outcome


def _reason(kind: Kind, details: Mapping[str, Any]) -> str:
    values = (details.get(name) for name in kind.reasons)
    return "/".join(value for value in values if isinstance(value, str) and TOKEN.fullmatch(value))
