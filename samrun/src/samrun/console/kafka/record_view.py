"""View of a record: what a page shows of it, in a list and alone."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from samrun.console.shell.content import Content, content_of, one_line, plain_text, visible
from samrun.json_values import json_value
from samrun.mapping.records import KafkaRecord
from samrun.rfc3339 import instant

# Characters of a line in a list.
_KEY, _VALUE, _ATTRIBUTE = 60, 220, 200
# Bytes of a value in which a list looks for the attributes of a CloudEvent.
_MAX_EVENT = 256 * 1024
_BINARY_MODE = "ce_"


@dataclass(frozen=True, kw_only=True)
class RecordLine:
    """Record in a list. `event_type` is that of a CloudEvent; the texts are cut."""

    partition: int
    offset: int
    time: str
    key: str
    value: str
    is_tombstone: bool
    size: int
    event_type: str
    headers: int


@dataclass(frozen=True, kw_only=True)
class RecordView:
    """Record on a page of its own. `event` has the context attributes of a CloudEvent."""

    topic: str
    partition: int
    offset: int
    time: str
    timestamp_type: str
    key: Content
    value: Content
    headers: tuple[tuple[str, Content], ...]
    event: Mapping[str, str]
    lacks_headers: bool


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Record that a form has: texts, or base64 of what is no text, if `is_base64`. `headers` has a line for each."""

    key: str = ""
    value: str = ""
    headers: str = ""
    is_base64: bool = False
    is_tombstone: bool = False


def record_line(record: KafkaRecord) -> RecordLine:
    """Return what a list shows of a record. It keeps little of a large one."""
    return RecordLine(
        partition=record.partition,
        offset=record.offset,
        time=time_of(record),
        key=one_line(record.key, _KEY),
        value=one_line(record.value, _VALUE),
        is_tombstone=record.value is None,
        size=len(record.value or b""),
        event_type=cloud_event(record).get("type", ""),
        headers=len(record.headers),
    )


def record_view_of(record: KafkaRecord) -> RecordView:
    """Return what a page shows of a record."""
    return RecordView(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        time=time_of(record),
        timestamp_type=record.timestamp_type_name,
        key=content_of(record.key),
        value=content_of(record.value),
        headers=tuple((visible(name), content_of(value, limit=_ATTRIBUTE * 20)) for name, value in record.headers),
        event=cloud_event(record),
        lacks_headers=record.lacks_headers,
    )


def draft_of(key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> Draft:
    """Return the draft of a record. The bytes of a header that are no text become one that shows them."""
    texts = [plain_text(content or b"") for content in (key, value)]
    encoded = [base64.b64encode(content or b"").decode() for content in (key, value)]
    is_base64 = None in texts
    shown = encoded if is_base64 else [text or "" for text in texts]
    lines = (f"{visible(name)}: {visible((content or b'').decode(errors='replace'))}" for name, content in headers)
    return Draft(
        key=shown[0], value=shown[1], headers="\n".join(lines), is_base64=is_base64, is_tombstone=value is None
    )


def cloud_event(record: KafkaRecord) -> Mapping[str, str]:
    """Return the context attributes of a CloudEvent in a record, of both modes; none if it is no CloudEvent.

    https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/kafka-protocol-binding.md
    """
    in_headers = {
        name.removeprefix(_BINARY_MODE): one_line(value, _ATTRIBUTE)
        for name, value in record.headers
        if name.startswith(_BINARY_MODE)
    }
    return in_headers if "specversion" in in_headers else attributes_of(record.value)


def attributes_of(value: bytes | None) -> Mapping[str, str]:
    """Return the context attributes of a CloudEvent in JSON; none if it is no CloudEvent."""
    if value is None or len(value) > _MAX_EVENT or b'"specversion"' not in value:
        return {}
    try:
        event = json_value(value.decode())
    except ValueError:
        return {}
    if not isinstance(event, dict) or "specversion" not in event:
        return {}
    return {
        visible(name): one_line(_text(content), _ATTRIBUTE)
        for name, content in event.items()
        if name not in {"data", "data_base64"}
    }


def time_of(record: KafkaRecord) -> str:
    """Return the time of a record, to its milliseconds; empty if it has none."""
    return instant(record.timestamp).replace("T", " ") if record.timestamp >= 0 else ""


def _text(content: object) -> bytes:
    return (content if isinstance(content, str) else json.dumps(content)).encode(errors="replace")
