"""An event as a record of Kafka has it, checked against the contract: every event that a test reads goes through here."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from cloudevents.core.bindings.kafka import KafkaMessage, from_structured_event
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker

from tests.project import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from jsonschema.protocols import Validator

CONTENT_TYPE = b"application/cloudevents+json; charset=UTF-8"
EVENTS = ROOT / "events"


def read_wire_event(
    *, key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes | None]], schemas: Path = EVENTS
) -> dict[str, Any]:
    """Return the event of a record; fail unless it is what the contract promises.

    It is a CloudEvent by the official schema and by the SDK, fits the schema of its type in the folder `schemas`, and
    has the order's id as its key. Raises jsonschema's ValidationError, the SDK's errors, AssertionError.
    """
    assert value is not None, "a tombstone is no event"
    assert dict(headers) == {"content-type": CONTENT_TYPE}
    event: dict[str, Any] = json.loads(value)
    cloud_event_schema().validate(event)
    schema_of(schemas, event["type"]).validate(event)
    read = from_structured_event(KafkaMessage(headers={"content-type": CONTENT_TYPE}, key=key, value=value))
    assert (read.get_id(), read.get_type(), read.get_subject()) == (event["id"], event["type"], event["subject"])
    assert read.get_data() == event["data"]
    assert key == event["subject"].encode() == event["data"]["order_id"].encode()
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
