"""Ids of the sample events: the versions of one event share theirs, and two events never do.

A consumer knows an event by its id. If two events about one order have the same one, an idempotent consumer takes the
second for the first, and notify sends no mail about it. The samples show how each producer derives its ids.
"""

from __future__ import annotations

import json
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from tools.contract.errors import ContractError
from tools.contract.schemas import SUFFIX, contract_folders, event_and_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class SampleId(NamedTuple):
    """The file of a sample, the event without its version, its id, and what it is about."""

    file: Path
    event: str
    id: str
    subject: str | None


def id_problems(root: Path) -> Iterator[str]:
    """Yield what is wrong with the ids of the samples, as lines for people. Raises ContractError."""
    samples = [each for folder in contract_folders(root) for each in _samples(folder)]
    for first, second in combinations(samples, 2):
        files = f"{first.file.relative_to(root)} and {second.file.relative_to(root)}"
        if first.event != second.event and first.id == second.id:
            yield (
                f"{files} have one id, {first.id}\n"
                "    They are two events: consumers would take the second one for the first, and skip it.\n"
                "    Instead: derive each id from the name of the service and of the event (events/README.md, Rules of"
                " change)."
            )
        if first.event == second.event and first.subject == second.subject and first.id != second.id:
            yield (
                f"{files} have two ids, {first.id} and {second.id}\n"
                "    They are versions of one event: consumers of both would do its work twice.\n"
                "    Instead: give each version the id of the first one (events/README.md, Rules of change)."
            )


def _samples(folder: Path) -> Iterator[SampleId]:
    """Yield the samples of a folder that are there."""
    for schema in sorted(folder.glob(f"*{SUFFIX}")):
        event_type = schema.name.removesuffix(SUFFIX)
        file = folder / f"{event_type}.json"
        if file.exists():
            sample = _read(file)
            yield SampleId(file, event_and_version(event_type)[0], sample["id"], sample.get("subject"))


def _read(file: Path) -> dict[str, Any]:
    try:
        sample = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ContractError(f"{file} is not JSON: {error}") from error
    if not isinstance(sample, dict) or not isinstance(sample.get("id"), str):
        raise ContractError(f"{file} is no event: it has no id")
    return sample
