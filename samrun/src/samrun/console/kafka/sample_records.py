"""Sample records: those in the application's sample events of Kafka triggers, and its other JSON files."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from samrun.console.kafka.record_view import Draft, attributes_of, draft_of
from samrun.console.shell.sample_files import SampleFile, SampleFiles

_STRUCTURED_MODE = "content-type: application/cloudevents+json; charset=UTF-8"


@dataclass(frozen=True, kw_only=True)
class SampleRecord:
    """A record to begin with. `name` is that of its file, with the place of the record in an event."""

    name: str
    draft: Draft


def sample_records(files: SampleFiles) -> list[SampleRecord]:
    """Return the records of the files: first those that are in the event of a Kafka trigger."""
    found = [record for file in files.all() for record in _records(file)]
    return sorted(found, key=lambda record: "@" not in record.name)


def _records(file: SampleFile) -> Iterator[SampleRecord]:
    content = json.loads(file.text)
    batches = content.get("records") if isinstance(content, dict) else None
    if not isinstance(batches, dict):
        yield SampleRecord(name=file.name, draft=_of_value(file.text))
        return
    for partition, records in batches.items():
        for record in records if isinstance(records, list) else ():
            if isinstance(record, dict):
                yield SampleRecord(
                    name=f"{file.name} · {partition}@{record.get('offset', '?')}", draft=_of_record(record)
                )


def _of_value(text: str) -> Draft:
    attributes = attributes_of(text.encode(errors="replace"))
    if not attributes:
        return Draft(value=text)
    key = attributes.get("partitionkey") or attributes.get("subject", "")
    return Draft(key=key, value=text, headers=_STRUCTURED_MODE)


def _of_record(record: Mapping[str, Any]) -> Draft:
    """Return the draft of a record in an event, whatever somebody wrote into it."""
    return draft_of(_decoded(record.get("key")), _decoded(record.get("value")), _headers(record))


def _decoded(content: object) -> bytes | None:
    try:
        return base64.b64decode(content) if isinstance(content, str) else None
    except ValueError:
        return None


def _headers(record: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    headers = record.get("headers")
    for header in headers if isinstance(headers, list) else ():
        for name, numbers in header.items() if isinstance(header, dict) else ():
            if isinstance(numbers, list) and all(isinstance(each, int) for each in numbers):
                yield name, bytes(each & 0xFF for each in numbers)
