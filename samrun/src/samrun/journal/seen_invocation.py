"""Invocation as its event tells it: by what it was triggered, in which trace, and with which records of Kafka."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from samrun.functions.invocation_log import LoggedInvocation
from samrun.mapping.batch import Place
from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.trace_ids import trace_ids_in, trace_ids_of

API, KAFKA = "API", "Kafka"
_KAFKA_SOURCES = {"aws:kafka", "SelfManagedKafka"}
_SOURCES = {
    "aws:sqs": "SQS",
    "aws:sns": "SNS",
    "aws:s3": "S3",
    "aws:dynamodb": "DynamoDB stream",
    "aws:kinesis": "Kinesis",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenRecord:
    """Record of Kafka in an event. `key` is its text, None if it has none. `timestamp` is in Unix milliseconds.

    `type` is that of a CloudEvent; empty for any other value.
    """

    place: Place
    key: str | None
    timestamp: int
    type: str
    trace_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenInvocation:
    """Invocation with what its event says. `trigger` is API, KAFKA or the name of another event source."""

    invocation: LoggedInvocation
    trigger: str
    trace_ids: tuple[str, ...] = ()
    records: tuple[SeenRecord, ...] = ()


def seen_invocation(invocation: LoggedInvocation) -> SeenInvocation:
    """Return an invocation with what its event says."""
    event = _parsed(invocation.event)
    records = event.get("records")
    if event.get("eventSource") in _KAFKA_SOURCES and isinstance(records, dict):
        seen = tuple(_seen_records(records))
        return SeenInvocation(invocation=invocation, trigger=KAFKA, records=seen)
    if isinstance(event.get("requestContext"), dict):
        headers = event.get("headers")
        items = headers.items() if isinstance(headers, dict) else ()
        in_lower_case = {str(name).lower(): str(value) for name, value in items}
        return SeenInvocation(invocation=invocation, trigger=API, trace_ids=trace_ids_in(in_lower_case))
    return SeenInvocation(invocation=invocation, trigger=_other_trigger(event))


def seen_record(record: KafkaRecord) -> SeenRecord:
    """Return what the event would say of a record that waits for its delivery."""
    [seen] = _seen_records({"": [json.loads(record.as_json)]})
    return seen


def record_in_event(event: bytes, place: Place) -> Mapping[str, Any] | None:
    """Return the record at a place as the event has it, with `key` and `value` as texts; None if it is not there."""
    records = _parsed(event).get("records")
    for record in _records(records) if isinstance(records, dict) else ():
        if _place(record) == place:
            return {**record, "key": _text(record.get("key")), "value": _text(record.get("value"))}
    return None


def values_in_event(event: bytes) -> Mapping[Place, str]:
    """Return the value of each record that an event has, as a text; an empty one for null."""
    records = _parsed(event).get("records")
    found = _records(records) if isinstance(records, dict) else ()
    return {_place(record): _text(record.get("value")) or "" for record in found}


def _parsed(text: bytes) -> Mapping[str, Any]:
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _seen_records(records: Mapping[str, Any]) -> Iterator[SeenRecord]:
    for record in _records(records):
        value = _parsed((_text(record.get("value")) or "").encode(errors="replace"))
        headers = _headers(record.get("headers"))
        traceparents = [headers.get("traceparent"), headers.get("ce_traceparent"), value.get("traceparent")]
        event_type = headers.get("ce_type") or value.get("type")
        yield SeenRecord(
            place=_place(record),
            key=_text(record.get("key")),
            timestamp=_number(record.get("timestamp")),
            type=event_type if isinstance(event_type, str) else "",
            trace_ids=tuple(dict.fromkeys(trace_ids_of(traceparents))),
        )


def _records(records: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for of_partition in records.values():
        for record in of_partition if isinstance(of_partition, list) else ():
            if isinstance(record, dict):
                yield record


def _place(record: Mapping[str, Any]) -> Place:
    return TopicPartition(str(record.get("topic")), _number(record.get("partition"))), _number(record.get("offset"))


def _number(content: object) -> int:
    """Return a number of an event, which somebody may have written by hand; -1 if it is none."""
    return content if isinstance(content, int) else -1


def _text(encoded: Any) -> str | None:
    """Return the text of a key or a value; bytes that are no UTF-8 are written as \\x00."""
    if not isinstance(encoded, str):
        return None
    try:
        return base64.b64decode(encoded).decode(errors="backslashreplace")
    except (binascii.Error, ValueError):
        return encoded


def _headers(headers: Any) -> dict[str, str]:
    """Return the headers of a record; their values are lists of signed bytes in the event."""
    found: dict[str, str] = {}
    for each in headers if isinstance(headers, list) else ():
        for name, value in each.items() if isinstance(each, dict) else ():
            if isinstance(value, list) and all(isinstance(byte, int) for byte in value):
                found[name] = bytes(byte % 256 for byte in value).decode(errors="backslashreplace")
    return found


def _other_trigger(event: Mapping[str, Any]) -> str:
    match event:
        case {"Records": [{"eventSource": str(source)}, *_]} | {"Records": [{"EventSource": str(source)}, *_]}:
            return _SOURCES.get(source, source)
        case {"detail-type": "Scheduled Event"}:
            return "schedule"
        case {"detail-type": str()}:
            return "EventBridge"
    return "direct invocation"
