"""Sample events (CloudEvents in structured mode): from files, from the project's contract, or a general one."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samrun.errors import UserError
from samrun.scaffold.names import InvalidNameError, event_type

CONTRACT = Path("events")
"""Folder of a project with the sample of each type of events, TYPE.json."""

_ANY_TYPE = "example.created.v1"
# The fields that the generated code requires.
_REQUIRED = ("id", "source", "type", "subject")


class SampleError(UserError):
    """A file is no sample event that the generated code and tests could use."""


@dataclass(frozen=True, kw_only=True)
class SampleEvent:
    """A sample event: its JSON as the file has it. `is_general`: the project has none, so this stands for it."""

    type: str
    subject: str
    text: str
    is_general: bool = False

    @property
    def file_name(self) -> str:
        return f"{self.type}.json"


def find_samples(types: Sequence[str], files: Iterable[Path], *, contract: Path) -> list[SampleEvent]:
    """Return a sample of each type: one of `files`, else that of the folder `contract`, else a general one.

    Without types, those of the files count. There is always a sample. Raises SampleError.
    """
    given = {sample.type: sample for sample in map(_read, files)}
    if types and (others := sorted(given.keys() - set(types))):
        raise SampleError(
            f"No --type names the type of a --sample: {', '.join(others)}. Add it, or leave the sample out."
        )
    return list(_samples(types or list(given), given, contract)) or [_general_sample(_ANY_TYPE)]


def _samples(types: Iterable[str], given: Mapping[str, SampleEvent], contract: Path) -> Iterator[SampleEvent]:
    for each in dict.fromkeys(types):
        path = contract / f"{each}.json"
        if each in given:
            yield given[each]
        elif path.is_file():
            sample = _read(path)
            if sample.type != each:
                raise SampleError(f"{path} is a sample of {sample.type}, not of {each}. Rename the file, or mend it.")
            yield sample
        else:
            yield _general_sample(each)


def _read(path: Path) -> SampleEvent:
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text)
    except (OSError, ValueError) as error:
        raise SampleError(f"{path}, a sample event, cannot be read as JSON: {error}") from error
    missing = [name for name in _REQUIRED if not isinstance(_field(found, name), str) or not found[name]]
    if missing:
        raise SampleError(
            f"{path} is no CloudEvent that a generated service can read: it lacks the text {', '.join(missing)}. "
            f"A sample needs {', '.join(_REQUIRED)}."
        )
    try:
        return SampleEvent(type=event_type(found["type"]), subject=found["subject"], text=text.rstrip() + "\n")
    except InvalidNameError as error:
        raise SampleError(f"{path}: {error}") from error


def _field(event: Any, name: str) -> object:
    return event.get(name) if isinstance(event, dict) else None


def _general_sample(of_type: str) -> SampleEvent:
    event = {
        "specversion": "1.0",
        "id": "6f0b3c52-9d1e-4c57-8a54-0d2f7f1b9a10",
        "source": "/example",
        "type": of_type,
        "subject": "example-1",
        "time": "2026-01-01T00:00:00.000Z",
        "datacontenttype": "application/json",
        "data": {"name": "Ada"},
    }
    text = json.dumps(event, indent=2) + "\n"
    return SampleEvent(type=of_type, subject=str(event["subject"]), text=text, is_general=True)
