"""Reads the events of orders: a tolerant reader, which needs what it uses and ignores the rest."""

import re
from collections.abc import Collection, Container
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import from_json

from functions.notify.records import Record, UndecodableError

# They become keys of the ledger and tags of SES, which leave this much room, and are logged: so no addresses.
Identifier = Annotated[str, StringConstraints(pattern=r"^[!-?A-~]{1,100}$")]

# Of version 00 of https://www.w3.org/TR/trace-context/, and of what later versions begin with.
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


# Of https://www.unicode.org/reports/tr9/: they would turn around what a template writes after them.
BIDIRECTIONAL_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
CONTROLS = re.compile(f"[\x00-\x1f\x7f-\x9f{''.join(BIDIRECTIONAL_CONTROLS)}]")


class Channel(StrEnum):
    """A way to tell a customer something, as events name it."""

    MAIL = "mail"
    TEXT = "text"


class Customer(BaseModel):
    """Whom to tell, over which channels, and in which language.

    `phone` is meant to be in E.164, and `locale` a BCP 47 tag; `channels` may name some that are not ours.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    email: str
    name: str | None = None
    phone: str | None = None
    locale: str | None = None
    channels: list[str] | None = None


class OrderData(BaseModel):
    """What the event of any order tells. The rest is kept as it is, for templates that ask for it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    order_id: Identifier
    customer: Customer


class OrderEvent(BaseModel):
    """An event of an order, of whichever type.

    `correlation_id` is the trace id of the request that it comes from: 32 hexadecimal digits. The order function
    logs the same.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Identifier
    type: str
    time: AwareDatetime
    data: OrderData
    correlation_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A record that has nothing for us, and why."""

    reason: str
    correlation_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A record that should have been an event, and why it is not: fields and kinds of error, no values."""

    reason: str
    correlation_id: str | None = None


def read(record: Record, *, types: Container[str]) -> OrderEvent | Skipped | Unreadable:
    """Read the CloudEvent (structured mode, JSON) in a record, if it is of one of `types`."""
    try:
        value, headers = record.value(), record.headers()
    except UndecodableError as error:
        return Unreadable(reason=str(error))
    if value is None:
        return Skipped(reason="tombstone")
    if not _is_structured(headers.get("content-type")):
        return Unreadable(reason="content-type: not application/cloudevents+json")
    try:
        event = _one_line(from_json(value, allow_inf_nan=False))
    except ValueError:
        return Unreadable(reason="the value is not JSON")
    return _read_event(event, types) if isinstance(event, dict) else Unreadable(reason="type: missing")


def channels_of(customer: Customer, *, offered: Collection[Channel]) -> tuple[Channel, ...]:
    """Decide which of the offered channels to use: those that the customer wants, or all if none are named.

    A text message needs a phone. Whoever would be left without any channel gets the mail.
    """
    wanted = list(Channel) if customer.channels is None else customer.channels
    possible = [Channel.MAIL, Channel.TEXT] if customer.phone else [Channel.MAIL]
    return tuple(channel for channel in possible if channel in wanted and channel in offered) or (Channel.MAIL,)


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
    """Tell whether the content is a structured event; a record that does not say is taken for one."""
    return content_type is None or content_type.lower().startswith(b"application/cloudevents+json")


def _trace_id(traceparent: Any) -> str | None:
    """Return the trace id of a trace context, None if there is no valid one: no mail fails for want of it."""
    match = TRACEPARENT.fullmatch(traceparent) if isinstance(traceparent, str) else None
    return match[1] if match else None


def _one_line(value: Any) -> Any:
    """Put every string of a JSON value on one line, so that no value can pose as more than one."""
    match value:
        case str():
            return " ".join(CONTROLS.sub(" ", value).split())
        case list():
            return [_one_line(item) for item in value]
        case dict():
            return {name: _one_line(item) for name, item in value.items()}
    return value


def _without_inputs(error: ValidationError) -> str:
    """Tell which fields are wrong and how. Pydantic's own message would repeat what they hold."""
    return ", ".join(
        f"{'.'.join(map(str, problem['loc']))}: {problem['type']}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    )
