"""Check of a repository: its schemas against the published ones, and against what its consumers read.

Each producer keeps its schemas in a folder of its own: `events/` has those of the order function, and
`examples/NAME/events/` those of an example. Each folder has the schemas of its last release in `published/`.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.contract.compatibility import Change, breaking_changes
from tools.contract.consumers import read_consumers
from tools.contract.errors import ContractError
from tools.contract.rules import Rule
from tools.contract.schemas import SUFFIX, fields, read_schemas

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tools.contract.consumers import Consumer
    from tools.contract.schemas import Schema

MAIN_FOLDER = "events"
FOLDERS_OF_EXAMPLES = "examples/*/events"
PUBLISHED = "published"


@dataclass(frozen=True, kw_only=True)
class ContractFolder:
    """The schemas of one producer by the types of their events, and those of its last release. `name` is its path."""

    name: str
    schemas: Mapping[str, Schema]
    published: Mapping[str, Schema]


def contract_folders(root: Path) -> list[Path]:
    """Return the folders of a repository that have schemas."""
    return [root / MAIN_FOLDER, *sorted(root.glob(FOLDERS_OF_EXAMPLES))]


def check_contract(root: Path) -> list[str]:
    """Return what is wrong with the contract of a repository, each as lines for people. Raises ContractError."""
    folders = [_read(folder, root) for folder in contract_folders(root)]
    owners = _owners(folders)
    consumers = read_consumers(root)
    problems = [
        _problem(folder, event_type, change, consumers, root)
        for folder in folders
        for event_type, old in folder.published.items()
        for change in _changes(old, folder.schemas.get(event_type))
    ]
    return problems + list(_undescribed(owners, consumers, root))


def publish(root: Path) -> None:
    """Copy the schemas of each folder to its `published/`: from then on, the check holds them to these."""
    for folder in contract_folders(root):
        (folder / PUBLISHED).mkdir(exist_ok=True)
        for path in folder.glob(f"*{SUFFIX}"):
            shutil.copyfile(path, folder / PUBLISHED / path.name)


def _read(folder: Path, root: Path) -> ContractFolder:
    return ContractFolder(
        name=folder.relative_to(root).as_posix(),
        schemas=read_schemas(folder),
        published=read_schemas(folder / PUBLISHED),
    )


def _owners(folders: Sequence[ContractFolder]) -> dict[str, ContractFolder]:
    """Return the folder of each event type. Raises ContractError if two folders have the same one."""
    owners: dict[str, ContractFolder] = {}
    for folder in folders:
        for event_type in folder.schemas:
            if event_type in owners:
                raise ContractError(
                    f"{owners[event_type].name}/ and {folder.name}/ both have {event_type}{SUFFIX}. An event has one"
                    " producer: remove the schema from the folder of the other, or give its event another name."
                )
            owners[event_type] = folder
    return owners


def _changes(old: Schema, new: Schema | None) -> Iterator[Change]:
    if new is None:
        yield Change(rule=Rule.EVENT_REMOVED, field="", detail=f"{PUBLISHED}/ has a schema of it")
    else:
        yield from breaking_changes(old, new)


def _undescribed(owners: Mapping[str, ContractFolder], consumers: list[Consumer], root: Path) -> Iterator[str]:
    """Yield what consumers read and no schema describes."""
    for consumer in consumers:
        detail = f"{consumer.name} reads it ({consumer.path.relative_to(root)})"
        for event_type, reads in consumer.reads.items():
            if event_type not in owners:
                yield _lines(f"{event_type}{SUFFIX}", event_type, "", Rule.EVENT_WITH_CONSUMER, detail)
                continue
            folder = owners[event_type]
            file = f"{folder.name}/{event_type}{SUFFIX}"
            for missing in sorted(set(reads) - set(fields(folder.schemas[event_type]))):
                yield _lines(file, event_type, missing, Rule.FIELD_WITH_CONSUMER, detail)


def _problem(folder: ContractFolder, event_type: str, change: Change, consumers: list[Consumer], root: Path) -> str:
    readers = [
        f"{each.name} ({each.path.relative_to(root)})"
        for each in consumers
        if any(_touches(change.field, read) for read in each.reads.get(event_type, ()))
    ]
    read_by = f"; it is read by {', '.join(readers)}" if readers else ""
    file = f"{folder.name}/{event_type}{SUFFIX}"
    return _lines(file, event_type, change.field, change.rule, f"{change.detail}{read_by}")


def _touches(changed: str, read: str) -> bool:
    """Tell whether a consumer that reads a field reads the one that changed, or a part of it."""
    return not changed or read == changed or read.startswith((f"{changed}.", f"{changed}["))


def _lines(file: str, event_type: str, field: str, rule: Rule, detail: str) -> str:
    place = file + (f", {field}" if field else "")
    return (
        f"{place}: {rule.title}\n"
        f"    {rule.change.capitalize()} ({detail}). It breaks readers {rule.breaks}.\n"
        f"    {_instead(event_type, rule)}"
    )


def _instead(event_type: str, rule: Rule) -> str:
    if rule in {Rule.EVENT_WITH_CONSUMER, Rule.FIELD_WITH_CONSUMER}:
        return "Keep it until that consumer reads it no more, or correct the consumer's declaration."
    name, _, version = event_type.rpartition(".v")
    following = f"{name}.v{int(version) + 1}" if version.isdecimal() else f"{event_type}.v2"
    return (
        f"Instead: leave this version as it was published, and describe the change in a new one beside it, "
        f"{following} (events/README.md, Rules of change)."
    )
