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

_MALFORMED = (EOFError, ValueError, LookupError, TypeError, ArithmeticError, struct.error)


def decoder(schema: Schema) -> Decode:
    """Return the function that decodes contents of a schema. Raises SchemaUnavailableError and ModuleNotFoundError."""
    import fastavro  # of samrun[schemas]

    named: dict[str, Any] = {}
    try:
        for reference in schema.references.values():
            _parse(reference, named)
        parsed = _parse(schema, named)
    except (fastavro.schema.SchemaParseException, fastavro.schema.UnknownType, ValueError) as error:
        raise SchemaUnavailableError(f"the schema registry has an Avro schema that cannot be read: {error}") from error

    def decode(content: bytes) -> bytes:
        try:
            found = fastavro.schemaless_reader(io.BytesIO(content), parsed, None)
        except _MALFORMED as error:
            raise DeserializationError(f"it does not match its Avro schema ({type(error).__name__})") from None
        return json.dumps(_plain(found), separators=(",", ":")).encode()

    return decode


def _parse(schema: Schema, named: dict[str, Any]) -> Any:
    import fastavro

    for reference in schema.references.values():
        _parse(reference, named)
    return fastavro.parse_schema(_without_logical_types(json.loads(schema.definition)), named_schemas=named)


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
