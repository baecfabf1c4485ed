"""An event as a record of Kafka has it, checked against the contract: each event that tests read goes through here."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from cloudevents.core.bindings.kafka import KafkaMessage, from_structured_event
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker

from tests.project import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jsonschema.protocols import Validator

CONTENT_TYPE = b"application/cloudevents+json; charset=UTF-8"
EVENTS = ROOT / "events"


class WireRecord(Protocol):
    """A record, as the clients of Kafka give it."""

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


def read_wire_event(record: WireRecord, *, schemas: Path = EVENTS) -> dict[str, Any]:
    """Return the event of a record; fail unless it is what the contract promises.

    It is a CloudEvent by the official schema and by the SDK, fits the schema of its type in the folder `schemas`, and
    has the order's id as its key. Raises jsonschema's ValidationError, the SDK's errors, AssertionError.
    """
    assert record.value is not None, "a tombstone is no event"
    assert dict(record.headers) == {"content-type": CONTENT_TYPE}
    event: dict[str, Any] = json.loads(record.value)
    cloud_event_schema().validate(event)
    schema_of(schemas, event["type"]).validate(event)
    message = KafkaMessage(headers={"content-type": CONTENT_TYPE}, key=record.key, value=record.value)
    read = from_structured_event(message)
    assert (read.get_id(), read.get_type(), read.get_subject()) == (event["id"], event["type"], event["subject"])
    assert read.get_data() == event["data"]
    assert record.key == event["subject"].encode() == event["data"]["order_id"].encode()
    return event


@cache
def cloud_event_schema() -> Validator:
    """Return the official schema of CloudEvents 1.0."""
    document = json.loads((ROOT / "tests/contract/schemas/cloudevents-1.0.json").read_text("utf-8"))
    return Draft7Validator(document, format_checker=FormatChecker())


@cache
def schema_of(folder: Path, event_type: str) -> Validator:
    """Return the schema of an event type; fail if the folder has none."""
    document = json.loads((folder / f"{event_type}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document, format_checker=FormatChecker())
