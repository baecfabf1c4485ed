"""Events of orders, by a tolerant reader: it requires the fields that notify uses, and ignores all others."""

import re
from collections.abc import Collection, Container
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import from_json

from functions.notify.events.records import Record, UndecodableError
from functions.notify.timestamps import Moment

# Identifiers become keys of the ledger and tags of SES, which have this much room. They are logged: so no addresses.
Identifier = Annotated[str, StringConstraints(pattern=r"^[!-?A-~]{1,100}$")]

# Version 00 of https://www.w3.org/TR/trace-context/, and the beginning that later versions share with it.
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


# Of https://www.unicode.org/reports/tr9/: they would reverse the text that a template writes after them.
BIDIRECTIONAL_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
CONTROLS = re.compile(f"[\x00-\x1f\x7f-\x9f{''.join(BIDIRECTIONAL_CONTROLS)}]")


class ChannelName(StrEnum):
    """Channels to a customer, as events name them."""

    MAIL = "mail"
    TEXT = "text"


class Customer(BaseModel):
    """Recipient of the notifications, with the channels and the language to use.

    `phone` should be in E.164, and `locale` a BCP 47 tag. `channels` may name channels that notify does not have.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    email: str
    name: str | None = None
    phone: str | None = None
    locale: str | None = None
    channels: list[str] | None = None


class OrderData(BaseModel):
    """Data that the events of all orders have. Other fields stay as they are, for templates that use them.

    Older events have no `order_number`; then people read the id.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    order_id: Identifier
    order_number: str | None = None
    customer: Customer


class OrderEvent(BaseModel):
    """An event of an order, of any type.

    `correlation_id` is the trace id of the request that caused it: 32 hexadecimal digits. The order function logs the
    same id.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Identifier
    type: str
    time: Moment
    data: OrderData
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


def read_order_event(record: Record, *, types: Container[str]) -> OrderEvent | Skipped | Unreadable:
    """Read the CloudEvent (structured mode, JSON) in a record, if it is of one of `types`."""
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
    return _read_event(event, types) if isinstance(event, dict) else Unreadable(reason="type: missing")


def channels_of(customer: Customer, *, offered: Collection[ChannelName]) -> tuple[ChannelName, ...]:
    """Choose among the offered channels: those that the customer names, or all if the customer names none.

    A text message needs a phone. A customer who would have no channel at all gets the mail.
    """
    requested = list(ChannelName) if customer.channels is None else customer.channels
    possible = [ChannelName.MAIL, ChannelName.TEXT] if customer.phone else [ChannelName.MAIL]
    return tuple(channel for channel in possible if channel in requested and channel in offered) or (ChannelName.MAIL,)


def _read_event(event: dict[str, Any], types: Container[str]) -> OrderEvent | Skipped | Unreadable:
    correlation_id = _trace_id(event.get("traceparent"))
    if not isinstance(event.get("type"), str):
        return Unreadable(reason="type: missing", correlation_id=correlation_id)
    if event["type"] not in types:
        return Skipped(reason="unknown type", correlation_id=correlation_id)
    try:
        return OrderEvent.model_validate(event | {"correlation_id": correlation_id})
    except ValidationError as error:
        return Unreadable(reason=_without_inputs(error), correlation_id=correlation_id)


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


def _without_inputs(error: ValidationError) -> str:
    """Name the fields that are wrong, and the types of errors. Pydantic's own message would repeat their values."""
    return ", ".join(
        f"{'.'.join(map(str, problem['loc']))}: {problem['type']}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    )
