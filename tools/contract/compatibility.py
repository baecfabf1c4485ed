"""Compatibility of two versions of one schema: every change by which a reader can break, with the rule's name.

No change means: an event of the old schema is valid by the new one, and an event of the new one by the old one. So the
only change of an object's fields that passes is a new optional one. That holds for events whose fields the schemas
describe: what a producer sends beyond its schema, no schema promises.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.contract.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.contract.schemas import Schema

_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_MINIMA = frozenset({"exclusiveMinimum", "minItems", "minLength", "minProperties", "minimum"})
_MAXIMA = frozenset({"exclusiveMaximum", "maxItems", "maxLength", "maxProperties", "maximum"})
_PATTERNS = frozenset({"format", "pattern"})
_COMPARED = _MINIMA | _MAXIMA | _PATTERNS | {"const", "enum", "items", "properties", "required", "type", "uniqueItems"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change that breaks readers. `field` is a path such as `data.items[].sku`; `detail` says what has changed."""

    rule: Rule
    field: str
    detail: str


def breaking_changes(old: Schema, new: Schema, field: str = "") -> Iterator[Change]:
    """Yield the changes between two resolved schemas by which readers break."""
    yield from _types(old, new, field)
    yield from _values(old, new, field)
    yield from _limits(old, new, field)
    yield from _keywords(old, new, field)
    yield from _fields(old, new, field)
    if "items" in old or "items" in new:
        yield from breaking_changes(old.get("items", {}), new.get("items", {}), f"{field}[]")


def _types(old: Schema, new: Schema, field: str) -> Iterator[Change]:
    before, after = _types_of(old), _types_of(new)
    if before == after:
        return
    rule = Rule.TYPE_WIDENED if before < after else Rule.TYPE_NARROWED if after < before else Rule.TYPE_CHANGED
    yield Change(rule=rule, field=field, detail=f"{_shown(old, 'type')} became {_shown(new, 'type')}")


def _types_of(schema: Schema) -> frozenset[str]:
    if "type" not in schema:
        return _TYPES
    listed = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return frozenset(listed) | ({"integer"} if "number" in listed else set())


def _values(old: Schema, new: Schema, field: str) -> Iterator[Change]:
    before, after = _values_of(old), _values_of(new)
    if before is not None and (after is None or after - before):
        added = "any value" if after is None else ", ".join(sorted(after - before))
        yield Change(rule=Rule.VALUE_ADDED, field=field, detail=f"new: {added}")
    if after is not None and (before is None or before - after):
        removed = "all others" if before is None else ", ".join(sorted(before - after))
        yield Change(rule=Rule.VALUE_REMOVED, field=field, detail=f"gone: {removed}")


def _values_of(schema: Schema) -> frozenset[str] | None:
    """Return the values that a schema lists, as JSON; None if it lists none."""
    listed = [schema["enum"]] if "enum" in schema else []
    listed += [[schema["const"]]] if "const" in schema else []
    return frozenset(set.intersection(*(set(map(_json, values)) for values in listed))) if listed else None


def _limits(old: Schema, new: Schema, field: str) -> Iterator[Change]:
    for keyword in sorted((old.keys() | new.keys()) & (_MINIMA | _MAXIMA | {"uniqueItems"})):
        before, after = (_tightness(keyword, schema) for schema in (old, new))
        if before != after:
            rule = Rule.LIMIT_TIGHTENED if after > before else Rule.LIMIT_LOOSENED
            detail = f"{keyword} {_shown(old, keyword)} became {_shown(new, keyword)}"
            yield Change(rule=rule, field=field, detail=detail)


def _tightness(keyword: str, schema: Schema) -> float:
    """Return how tight a limit is: a larger number forbids more."""
    if keyword not in schema:
        return 0 if keyword == "uniqueItems" else float("-inf")
    value: float = schema[keyword]
    return -value if keyword in _MAXIMA else value


def _keywords(old: Schema, new: Schema, field: str) -> Iterator[Change]:
    for keyword in sorted((old.keys() | new.keys()) - (_COMPARED - _PATTERNS)):
        if old.get(keyword) != new.get(keyword):
            rule = Rule.PATTERN_CHANGED if keyword in _PATTERNS else Rule.KEYWORD_CHANGED
            detail = f"{keyword} {_shown(old, keyword)} became {_shown(new, keyword)}"
            yield Change(rule=rule, field=field, detail=detail)


def _fields(old: Schema, new: Schema, field: str) -> Iterator[Change]:
    before, after = old.get("properties", {}), new.get("properties", {})
    needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
    closed = any(keyword in old for keyword in ("additionalProperties", "unevaluatedProperties"))
    for name in sorted(before.keys() | after.keys() | needed_before | needed_after):
        path = f"{field}.{name}" if field else name
        if name in before and name not in after:
            yield Change(rule=Rule.FIELD_REMOVED, field=path, detail="the published schema describes it")
        elif name in needed_before - needed_after:
            yield Change(rule=Rule.FIELD_NO_LONGER_REQUIRED, field=path, detail="required became optional")
        if name in needed_after - needed_before:
            was = "optional" if name in before else "no field of it"
            yield Change(rule=Rule.FIELD_NOW_REQUIRED, field=path, detail=f"{was} became required")
        if name in after and name not in before and closed:
            yield Change(rule=Rule.FIELD_ADDED_TO_CLOSED_OBJECT, field=path, detail="the object allows no other field")
        if name in before and name in after:
            yield from breaking_changes(before[name], after[name], path)


def _shown(schema: Schema, keyword: str) -> str:
    return _json(schema[keyword]) if keyword in schema else "(none)"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
