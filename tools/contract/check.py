"""Check of a repository: its schemas against the published ones and its consumers, and the ids of its samples."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tools.contract.compatibility import Change, breaking_changes
from tools.contract.consumers import read_consumers
from tools.contract.errors import ContractError
from tools.contract.event_ids import id_problems
from tools.contract.rules import Rule
from tools.contract.schemas import PUBLISHED, SUFFIX, contract_folders, event_and_version, fields, read_schemas

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from tools.contract.consumers import Consumer
    from tools.contract.schemas import Schema


def check_contract(root: Path) -> list[str]:
    """Return what is wrong with the contract of a repository, each as lines for people. Raises ContractError."""
    consumers = read_consumers(root)
    described: dict[str, tuple[Path, Schema]] = {}
    problems: list[str] = []
    for folder in contract_folders(root):
        schemas = read_schemas(folder)
        _refuse_twice(schemas.keys() & described.keys(), folder, described, root)
        described |= {event_type: (_file(folder, event_type), schema) for event_type, schema in schemas.items()}
        problems += [
            _problem(event_type, _file(folder, event_type), change, consumers, root)
            for event_type, old in read_schemas(folder / PUBLISHED).items()
            for change in _changes(old, schemas.get(event_type))
        ]
    return [*problems, *_undescribed(described, consumers, root), *id_problems(root)]


def publish(root: Path) -> None:
    """Copy the schemas of each folder to its published/: from then on, the check holds them to these."""
    for folder in contract_folders(root):
        for path in folder.glob(f"*{SUFFIX}"):
            (folder / PUBLISHED).mkdir(exist_ok=True)
            shutil.copyfile(path, folder / PUBLISHED / path.name)


def _refuse_twice(
    twice: AbstractSet[str], folder: Path, described: Mapping[str, tuple[Path, Schema]], root: Path
) -> None:
    """Raise ContractError if a folder has an event that another one has, too."""
    for event_type in sorted(twice):
        first, second = (each.relative_to(root) for each in (described[event_type][0], _file(folder, event_type)))
        raise ContractError(
            f"{first} and {second} describe one event. An event has one producer: remove the schema from the folder of"
            " the other, or give its event another name."
        )


def _changes(old: Schema, new: Schema | None) -> Iterator[Change]:
    if new is None:
        yield Change(rule=Rule.EVENT_REMOVED, field="", detail=f"{PUBLISHED}/ has a schema of it")
    else:
        yield from breaking_changes(old, new)


def _undescribed(described: Mapping[str, tuple[Path, Schema]], consumers: list[Consumer], root: Path) -> Iterator[str]:
    """Yield what consumers read and no schema describes."""
    for consumer in consumers:
        reader = f"{consumer.name} reads it ({consumer.path.relative_to(root)})"
        for event_type, reads in consumer.reads.items():
            if event_type not in described:
                missing = _file(root / "events", event_type).relative_to(root)
                yield _lines(event_type, missing, "", Rule.EVENT_WITH_CONSUMER, reader)
                continue
            file, schema = described[event_type]
            for field in sorted(set(reads) - set(fields(schema))):
                yield _lines(event_type, file.relative_to(root), field, Rule.FIELD_WITH_CONSUMER, reader)


def _problem(event_type: str, file: Path, change: Change, consumers: list[Consumer], root: Path) -> str:
    readers = [
        f"{each.name} ({each.path.relative_to(root)})"
        for each in consumers
        if any(_touches(change.field, read) for read in each.reads.get(event_type, ()))
    ]
    read_by = f"; it is read by {', '.join(readers)}" if readers else ""
    return _lines(event_type, file.relative_to(root), change.field, change.rule, f"{change.detail}{read_by}")


def _file(folder: Path, event_type: str) -> Path:
    return folder / f"{event_type}{SUFFIX}"


def _touches(changed: str, read: str) -> bool:
    """Tell whether a consumer that reads a field reads the one that changed, or a part of it."""
    return not changed or read == changed or read.startswith((f"{changed}.", f"{changed}["))


def _lines(event_type: str, file: Path, field: str, rule: Rule, detail: str) -> str:
    place = f"{file}, {field}" if field else str(file)
    return (
        f"{place}: {rule.title}\n"
        f"    {rule.change.capitalize()} ({detail}). It breaks readers {rule.breaks}.\n"
        f"    {_instead(event_type, rule)}"
    )


def _instead(event_type: str, rule: Rule) -> str:
    if rule in {Rule.EVENT_WITH_CONSUMER, Rule.FIELD_WITH_CONSUMER}:
        return "Keep it until that consumer reads it no more, or correct the consumer's declaration."
    name, version = event_and_version(event_type)
    return (
        f"Instead: leave this version as it was published, and describe the change in a new one beside it, "
        f"{name}.v{version + 1} (events/README.md, Rules of change)."
    )
