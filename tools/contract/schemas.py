"""Schemas of the contract: read from their files, with their references resolved."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tools.contract.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIX = ".schema.json"
PUBLISHED = "published"  # beside the schemas, in the same folder
_ANNOTATIONS = frozenset(
    {"$comment", "$defs", "$id", "$schema", "default", "deprecated", "description", "examples", "title"}
)
_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})  # their values are schemas by name

Schema = dict[str, Any]


def contract_folders(root: Path) -> list[Path]:
    """Return the folders with the events of a repository: events/, and those of the other services with schemas.

    These are the services of examples/, and those beside it that `samrun new` has written.
    """
    # Published ones count, too: else an event could go with the last schema of its folder.
    schemas = [f"{service}/events/{each}" for service in ("examples/*", "*") for each in ("", f"{PUBLISHED}/")]
    found = (path for pattern in schemas for path in root.glob(f"{pattern}*{SUFFIX}"))
    folders = {path.parent.parent if path.parent.name == PUBLISHED else path.parent for path in found}
    return [root / "events", *sorted(folders)]


def read_schemas(folder: Path) -> dict[str, Schema]:
    """Return the schemas of a folder by the type of their event, each without references and annotations.

    Raises ContractError.
    """
    return {path.name.removesuffix(SUFFIX): _read(path) for path in sorted(folder.glob(f"*{SUFFIX}"))}


def event_and_version(event_type: str) -> tuple[str, int]:
    """Return the event of a type, and its version: order.paid and 2 for order.paid.v2; 1 for a type that names none."""
    name, _, version = event_type.rpartition(".v")
    return (name, int(version)) if version.isdecimal() else (event_type, 1)


def resolve(document: Any) -> Schema:
    """Return a schema without annotations, each reference to its $defs replaced by what it leads to.

    Raises ContractError for a reference that leads elsewhere or into itself, and for a keyword beside a reference that
    its target has, too.
    """
    resolved: Schema = _without_references(document, document, ())
    return resolved


def fields(schema: Schema, prefix: str = "") -> Iterator[str]:
    """Yield the paths of the fields that a resolved schema describes: `data`, `data.items`, `data.items[].sku`."""
    for name, field in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        yield path
        yield from fields(field, f"{path}.")
        yield from fields(field.get("items", {}), f"{path}[].")


def _read(path: Path) -> Schema:
    try:
        return resolve(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, ContractError) as error:
        raise ContractError(f"{path}: {error}") from error


def _without_references(schema: Any, root: Any, inside: tuple[str, ...]) -> Any:
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    if not isinstance(schema, dict):
        return schema
    resolved = {
        keyword: _resolved_value(keyword, value, root, inside)
        for keyword, value in schema.items()
        if keyword not in _ANNOTATIONS and keyword != "$ref"
    }
    if "$ref" not in schema:
        return resolved
    reference = schema["$ref"]
    if reference in inside:
        raise ContractError(f"{reference} contains itself, which this check cannot compare; unfold it")
    target = _without_references(_find(reference, root), root, (*inside, reference))
    if twice := sorted(resolved.keys() & target.keys()):
        raise ContractError(f"{', '.join(twice)} stands beside {reference}, which has it, too; keep one of them")
    return target | resolved


def _resolved_value(keyword: str, value: Any, root: Any, inside: tuple[str, ...]) -> Any:
    if keyword in {"const", "enum", "required"}:
        return value
    if keyword in _NAMED:
        return {name: _without_references(each, root, inside) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_references(each, root, inside) for each in value]
    return value if keyword == "uniqueItems" else _without_references(value, root, inside)


def _find(reference: str, root: Any) -> Any:
    name = reference.removeprefix("#/$defs/")
    if name == reference or name not in root.get("$defs", {}):
        raise ContractError(f"{reference} is no reference to the schema's own $defs; put the definition there")
    return root["$defs"][name]
