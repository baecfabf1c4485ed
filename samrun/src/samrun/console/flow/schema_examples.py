"""Examples of JSON bodies in OpenAPI documents: the one that is written there, or one made by the schema."""

from collections.abc import Mapping, Sequence
from typing import Any

# Schemas that refer to each other have no end.
_MAX_DEPTH = 12


def example_of(document: Mapping[str, Any], content: Mapping[str, Any]) -> Any:
    """Return the first example of a media type, or one made by its schema."""
    examples = [resolved(document, each).get("value") for each in (content.get("examples") or {}).values()]
    named = [each for each in (content.get("example"), *examples) if each is not None]
    return named[0] if named else _of_schema(document, content.get("schema") or {}, _MAX_DEPTH)


def _of_schema(document: Mapping[str, Any], schema: Any, depth: int) -> Any:
    """Return a value that a schema describes: its example or default, or one made of its parts."""
    schema = resolved(document, schema)
    written = [schema[name] for name in ("example", "default", "const") if name in schema]
    written += [schema[name][0] for name in ("examples", "enum") if _is_filled(schema.get(name))]
    if written:
        return written[0]
    if depth == 0:
        return None
    for name in ("allOf", "oneOf", "anyOf"):
        if _is_filled(schema.get(name)):
            return _of_schema(document, schema[name][0], depth - 1)
    return _of_type(document, schema, depth - 1)


def _of_type(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int) -> Any:
    kind = schema.get("type")
    match next(iter(kind)) if kind and _is_filled(kind) else kind or ("object" if "properties" in schema else ""):
        case "object":
            return {name: _of_schema(document, each, depth) for name, each in schema.get("properties", {}).items()}
        case "array":
            return [_of_schema(document, schema.get("items") or {}, depth)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case "null":
            return None
    return "text"


def _is_filled(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and bool(value)


def resolved(document: Mapping[str, Any], part: Any) -> Mapping[str, Any]:
    """Return a part of a document, or the one in the same document that it refers to; empty if there is none."""
    for _ in range(_MAX_DEPTH):
        reference = part.get("$ref") if isinstance(part, dict) else None
        if not isinstance(reference, str) or not reference.startswith("#/"):
            break
        part = document
        for name in reference[2:].split("/"):
            part = part.get(name.replace("~1", "/").replace("~0", "~"), {}) if isinstance(part, dict) else {}
    return part if isinstance(part, dict) else {}
