"""Avro: binary content becomes "standard JSON" as in Lambda, without the names of a union's types.

AWS does not say what it makes of logical types and of bytes. Here they are as in Java's GenericRecord.toString: a
logical type is its number, and bytes are a text of the characters 0 to 255.
"""

import io
import json
import math
import struct
from typing import Any

from samrun.schemas.schema import Decode, DeserializationError, Schema, SchemaUnavailableError

_MALFORMED = (EOFError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError, struct.error)


def decoder(schema: Schema) -> Decode:
    """Return the function that decodes contents of a schema. Raises SchemaUnavailableError and ModuleNotFoundError."""
    import fastavro  # of samrun[schemas]

    named: dict[str, Any] = {}
    try:
        for reference in schema.references.values():
            _parse(reference, named)
        parsed = _parse(schema, named)
        _check_arrays(parsed, named)
        read = _reader(parsed, named)
    except (fastavro.schema.SchemaParseException, fastavro.schema.UnknownType, ValueError, RecursionError) as error:
        raise SchemaUnavailableError(f"the schema registry has an Avro schema that cannot be read: {error}") from error

    def decode(content: bytes) -> bytes:
        try:
            found = read(io.BytesIO(content), parsed, None)
            return json.dumps(_plain(found), separators=(",", ":")).encode()
        except _MALFORMED as error:
            raise DeserializationError(f"it does not match its Avro schema ({type(error).__name__})") from None

    return decode


def _parse(schema: Schema, named: dict[str, Any]) -> Any:
    import fastavro

    for reference in schema.references.values():
        _parse(reference, named)
    return fastavro.parse_schema(_without_logical_types(json.loads(schema.definition)), named_schemas=named)


def _reader(parsed: Any, named: dict[str, Any]) -> Any:
    """Return the function that reads contents of a schema.

    For a schema that contains itself, it is the slower one in Python, which a content that is nested too deeply ends by
    a RecursionError. The one in C would end the process. fastavro has no public name for the one in Python.
    """
    import fastavro
    from fastavro import _read_py

    return _read_py.schemaless_reader if _is_recursive(parsed, named, set(), set()) else fastavro.schemaless_reader


def _is_recursive(kind: Any, named: dict[str, Any], around: set[str], others: set[str]) -> bool:
    """Tell whether a type contains itself. `around` are the types around it, `others` those that are known not to."""
    name = kind.get("name") if isinstance(kind, dict) else kind
    if not isinstance(name, str):
        return any(_is_recursive(each, named, around, others) for each in _inner(kind))
    if name in others:
        return False
    if name in around or any(_is_recursive(each, named, around | {name}, others) for each in _inner(named.get(name))):
        return True
    others.add(name)
    return False


def _check_arrays(parsed: Any, named: dict[str, Any]) -> None:
    """Raise ValueError if an array has items without any bytes: a content of a few bytes could have 2**63 of them."""
    left = [parsed, *named.values()]
    while left:
        kind = left.pop()
        left += _inner(kind)
        if isinstance(kind, dict) and kind.get("type") == "array" and _is_empty(kind["items"], named):
            raise ValueError("an array has items without content")


def _is_empty(kind: Any, named: dict[str, Any]) -> bool:
    """Tell whether the values of a type take no bytes."""
    if isinstance(kind, str):
        return kind == "null" or (kind in named and _is_empty(named[kind], named))
    if isinstance(kind, list):
        return False
    match kind["type"]:
        case "record" | "error":
            return all(_is_empty(each["type"], named) for each in kind["fields"])
        case "fixed":
            return bool(kind["size"] == 0)
        case other:
            return _is_empty(other, named)


def _inner(kind: Any) -> list[Any]:
    """Return the types that are written inside of a type."""
    if isinstance(kind, list):
        return kind
    if not isinstance(kind, dict):
        return []
    fields = [each["type"] for each in kind.get("fields", ())]
    return [
        *fields,
        *(kind[name] for name in ("items", "values", "type") if isinstance(kind.get(name), dict | list | str)),
    ]


def _without_logical_types(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_logical_types(each) for each in schema]
    if isinstance(schema, dict):
        return {name: _without_logical_types(each) for name, each in schema.items() if name != "logicalType"}
    return schema


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            return value.decode("latin-1")
        case float() if not math.isfinite(value):
            return str(value)
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case list():
            return [_plain(each) for each in value]
    return value
