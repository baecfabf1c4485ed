"""Protobuf: binary content becomes JSON, with the names of the fields as in the schema, as in Lambda."""

import base64
import importlib
from typing import Any

from samrun.schemas.schema import Decode, DeserializationError, Schema, SchemaUnavailableError

_MAX_VARINT = 10  # bytes: those of a number of 64 bits


def decoder(schema: Schema) -> Decode:
    """Return the function that decodes contents of a schema. Raises SchemaUnavailableError and ModuleNotFoundError.

    A content begins with the place of its message in the schema: Confluent's list of indexes.
    """
    from google.protobuf import descriptor_pool, json_format, message, message_factory  # of samrun[schemas]

    pool = descriptor_pool.DescriptorPool()
    try:
        file = _add(pool, schema)
    except (TypeError, ValueError, KeyError, message.DecodeError) as error:
        raise SchemaUnavailableError(
            f"the schema registry has a Protobuf schema that cannot be read: {error}"
        ) from error

    def decode(content: bytes) -> bytes:
        try:
            indexes, body = _split(content)
            kind = message_factory.GetMessageClass(pool.FindMessageTypeByName(_full_name(file, indexes)))
            found = kind.FromString(body)
            # A timestamp out of its range, or an Any of an unknown type, has no JSON (ValueError, TypeError). A message
            # may be nested 100 times, but an Any in an Any begins to count again.
            as_json = json_format.MessageToJson(found, preserving_proto_field_name=True, indent=None)
        except (message.DecodeError, json_format.Error, LookupError, ValueError, TypeError, RecursionError):
            raise DeserializationError("it does not match its Protobuf schema") from None
        return str(as_json).encode()

    return decode


def _add(pool: Any, schema: Schema, name: str | None = None) -> Any:
    """Add a schema and those that it imports to the pool, and return its description."""
    from google.protobuf import descriptor_pb2

    file = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(schema.definition))
    file.name = name or file.name or "default"
    for imported in file.dependency:
        if imported in schema.references:
            _add(pool, schema.references[imported], imported)
        else:
            _add_well_known(pool, imported)
    pool.Add(file)
    return file


def _add_well_known(pool: Any, name: str) -> None:
    """Add a file of Protobuf itself, such as google/protobuf/timestamp.proto. Raises KeyError."""
    from google.protobuf import descriptor_pb2, descriptor_pool

    if not name.startswith("google/protobuf/"):
        raise KeyError(f"{name} is imported, and is not a reference of the schema")
    importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
    file = descriptor_pb2.FileDescriptorProto()
    descriptor_pool.Default().FindFileByName(name).CopyToProto(file)
    for imported in file.dependency:
        _add_well_known(pool, imported)
    pool.Add(file)


def _split(content: bytes) -> tuple[list[int], bytes]:
    """Return the indexes of the message, from the outermost, and what follows. Raises IndexError and ValueError."""
    count, position = _read_varint(content, 0)
    if count == 0:  # short for the first message
        return [0], content[position:]
    indexes = []
    for _ in range(count):
        index, position = _read_varint(content, position)
        indexes.append(index)
    return indexes, content[position:]


def _read_varint(content: bytes, position: int) -> tuple[int, int]:
    """Return a number in zigzag coding, and the position behind it. Raises IndexError and ValueError."""
    number = 0
    for place in range(_MAX_VARINT):
        byte = content[position + place]
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), position + place + 1
    raise ValueError("a number has too many bytes")


def _full_name(file: Any, indexes: list[int]) -> str:
    """Return the full name of the message at these indexes. Raises IndexError."""
    names, messages = [file.package] if file.package else [], file.message_type
    for index in indexes:
        if index < 0:
            raise IndexError(index)
        names.append(messages[index].name)
        messages = messages[index].nested_type
    return ".".join(names)
