"""Events that customers are notified of, by a tolerant reader: it requires what a notification needs, and no more.

Where an event has it, the notification.json of its type says (notification_fields.py).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

from functions.notify.events.identifier import Identifier
from functions.notify.events.notification_fields import NotificationFields
from functions.notify.events.records import Record, UndecodableError
from functions.notify.timestamps import Moment

# Version 00 of https://www.w3.org/TR/trace-context/, and the beginning that later versions share with it.
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


# Of https://www.unicode.org/reports/tr9/: they would reverse the text that a template writes after them.
BIDIRECTIONAL_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
CONTROLS = re.compile(f"[\x00-\x1f\x7f-\x9f{''.join(BIDIRECTIONAL_CONTROLS)}]")


class ChannelName(StrEnum):
    """Channels to a customer, as events name them."""

    MAIL = "mail"
    TEXT = "text"


class Recipient(BaseModel):
    """Recipient of the notifications, with the channels and the language to use.

    `phone` should be in E.164, and `locale` a BCP 47 tag. `channels` may name channels that notify does not have.
    """

    model_config = ConfigDict(frozen=True)

    email: str
    name: str | None = None
    phone: str | None = None
    locale: str | None = None
    channels: list[str] | None = None


class CustomerEvent(BaseModel):
    """An event that a customer is notified of, of any type.

    `key` is what it is about, such as an order's id. `values` are for the templates: the fields of the event's `data`,
    and those that its notification.json names. `correlation_id` is the trace id of the request that caused the event:
    32 hexadecimal digits. The order function logs the same id.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Identifier
    type: str
    time: Moment
    key: Identifier
    recipient: Recipient
    values: dict[str, Any]
    correlation_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A record that asks for no notification, and the reason."""

    reason: str
    correlation_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A record that is not a valid event. The reason names fields and types of errors, and no values."""

    reason: str
    correlation_id: str | None = None


def read_customer_event(
    record: Record, fields: Mapping[str, NotificationFields]
) -> CustomerEvent | Skipped | Unreadable:
    """Read the CloudEvent (structured mode, JSON) in a record, if `fields` has its type."""
    try:
        value, headers = record.value(), record.headers()
    except UndecodableError as error:
        return Unreadable(reason=str(error))
    if value is None:
        return Skipped(reason="tombstone")
    if "backfill" in headers:  # an old event for another consumer: tools/backfill
        return Skipped(reason="backfill")
    if not _is_structured(headers.get("content-type")):
        return Unreadable(reason="content-type: not application/cloudevents+json")
    try:
        event = _one_line(from_json(value, allow_inf_nan=False))
    except ValueError:
        return Unreadable(reason="the value is not JSON")
    return parse_event(event, fields) if isinstance(event, dict) else Unreadable(reason="type: missing")


def parse_event(
    event: dict[str, Any], fields: Mapping[str, NotificationFields]
) -> CustomerEvent | Skipped | Unreadable:
    """Read a CloudEvent, if `fields` has its type."""
    correlation_id = _trace_id(event.get("traceparent"))
    if not isinstance(event.get("type"), str):
        return Unreadable(reason="type: missing", correlation_id=correlation_id)
    if (of_type := fields.get(event["type"])) is None:
        return Skipped(reason="unknown type", correlation_id=correlation_id)
    envelope = {name: event[name] for name in ("id", "type", "time") if name in event}
    picked = of_type.pick(event)
    data = event.get("data")
    picked["values"] = (data if isinstance(data, dict) else {}) | picked["values"]
    try:
        return CustomerEvent.model_validate({**envelope, **picked, "correlation_id": correlation_id})
    except ValidationError as error:
        return Unreadable(reason=_without_inputs(error, of_type), correlation_id=correlation_id)


def channels_of(recipient: Recipient, *, offered: Collection[ChannelName]) -> tuple[ChannelName, ...]:
    """Choose among the offered channels: those that the recipient names, or all if the recipient names none.

    A text message needs a phone. A recipient who would have no channel at all gets the mail.
    """
    requested = list(ChannelName) if recipient.channels is None else recipient.channels
    possible = [ChannelName.MAIL, ChannelName.TEXT] if recipient.phone else [ChannelName.MAIL]
    return tuple(channel for channel in possible if channel in requested and channel in offered) or (ChannelName.MAIL,)


def _is_structured(content_type: bytes | None) -> bool:
    """Tell whether the content is a structured event. A record without a content type counts as one."""
    return content_type is None or content_type.lower().startswith(b"application/cloudevents+json")


def _trace_id(traceparent: Any) -> str | None:
    """Return the trace id of a trace context; None if it is missing or invalid, since a mail does not need it."""
    match = TRACEPARENT.fullmatch(traceparent) if isinstance(traceparent, str) else None
    return match[1] if match else None


def _one_line(value: Any) -> Any:
    """Put every string of a JSON value on one line, so that no value can look like several lines."""
    match value:
        case str():
            return " ".join(CONTROLS.sub(" ", value).split())
        case list():
            return [_one_line(item) for item in value]
        case dict():
            return {name: _one_line(item) for name, item in value.items()}
    return value


def _without_inputs(error: ValidationError, fields: NotificationFields) -> str:
    """Name the fields that are wrong, and the types of errors. Pydantic's own message would repeat their values."""
    return ", ".join(
        f"{fields.path_of(problem['loc'])}: {problem['type']}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    )
