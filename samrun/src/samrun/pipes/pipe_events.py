"""Events of a pipe: those in a batch of a mapping, each by itself as EventBridge has it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-source.html
"""

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

# The fields whose content an input template reads as JSON, and whether they are in base64.
_CONTENT = {"body": False, "data": True, "key": True, "value": True}


def pipe_events(batch: bytes) -> list[dict[str, Any]]:
    """Return the events in the event of a mapping."""
    event = json.loads(batch)
    if "Records" in event:
        return [_flat(each) for each in event["Records"]]
    return list(_of_kafka(event))


def with_parsed_content(event: Any) -> Any:
    """Return an event as an input template sees it: with the content of its record as JSON, where it is JSON.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html#input-transform-implicit
    """
    if not isinstance(event, dict) or "eventSource" not in event:
        return event
    return event | {name: _parsed(event[name], coded=coded) for name, coded in _CONTENT.items() if name in event}


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record; that of Kinesis has its data beside its other fields."""
    return {**{name: value for name, value in record.items() if name != "kinesis"}, **record.get("kinesis", {})}


def _of_kafka(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    common: dict[str, Any] = {
        name: event[name] for name in ("eventSource", "eventSourceArn", "bootstrapServers") if name in event
    }
    for partition, records in event["records"].items():
        for record in records:
            yield {**common, "eventSourceKey": partition, **record}


def _parsed(text: Any, *, coded: bool) -> Any:
    if not isinstance(text, str):
        return text
    try:
        plain = base64.b64decode(text, validate=True).decode() if coded else text
    except (binascii.Error, ValueError):
        return text
    try:
        return json.loads(plain)
    except ValueError:
        return plain
