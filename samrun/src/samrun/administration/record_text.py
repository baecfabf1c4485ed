"""Records as JSON: the form in which `samrun tail --json` prints them and `samrun produce --records` reads them."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from samrun.errors import UserError
from samrun.json_values import json_value
from samrun.mapping.records import KafkaRecord


class RecordLineError(UserError):
    """A line is no record in JSON; the message has the number of the line."""


@dataclass(frozen=True, kw_only=True)
class NewRecord:
    """A record to send. Without a partition, the client chooses one by the key, as Java's client does."""

    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    partition: int | None = None


def as_json(record: KafkaRecord) -> dict[str, Any]:
    """Return a record as JSON.

    `key`, `value` and the `value` of each header are texts, or null. A value that is a JSON object or array stands as
    such. Bytes that are not UTF-8 are in `key_base64` and `value_base64`. `timestamp` is in Unix milliseconds.
    """
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        **_text("key", record.key),
        "headers": [{"name": name, **_text("value", value)} for name, value in record.headers],
        **_decoded(record.value),
    }


def decoded_value(value: bytes | None) -> Any:
    """Return the JSON object or array that a value is, else its text, else its bytes; None if there is no value."""
    if value is None:
        return None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json_value(text)
    except ValueError:
        return text


def _decoded(value: bytes | None) -> dict[str, Any]:
    content = decoded_value(value)
    return _text("value", value) if isinstance(content, bytes) else {"value": content}


def _text(name: str, value: bytes | None) -> dict[str, Any]:
    try:
        return {name: None if value is None else value.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(value or b"").decode()}


def records_from_lines(lines: Iterable[bytes], *, source: str) -> Iterable[NewRecord]:
    """Yield the record of each line in the form of `as_json`; empty lines are none.

    Its topic, offset and timestamp do not count: a record gets new ones. Raises RecordLineError, with the name of the
    `source`.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield _new_record(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                raise RecordLineError(
                    f"{source}, line {number}, is no record in the form of `samrun tail --json`: "
                    '{"key": "…", "headers": [{"name": "…", "value": "…"}], "value": …}'
                ) from error


def _new_record(content: Mapping[str, Any]) -> NewRecord:
    partition = content.get("partition")
    if not isinstance(partition, int | None):
        raise TypeError("a partition is a number")
    return NewRecord(
        value=_bytes("value", content),
        key=_bytes("key", content),
        headers=tuple((_name(each), _bytes("value", each)) for each in content.get("headers", ())),
        partition=partition,
    )


def _name(header: Mapping[str, Any]) -> str:
    if not isinstance(header["name"], str):
        raise TypeError("the name of a header is a text")
    return header["name"]


def _bytes(name: str, content: Mapping[str, Any]) -> bytes | None:
    if (encoded := content.get(f"{name}_base64")) is not None:
        return base64.b64decode(encoded, validate=True)
    value = content.get(name)
    if value is None or isinstance(value, str):
        return None if value is None else value.encode()
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
