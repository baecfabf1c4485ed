"""Decoder: contents of Avro, JSON Schema and Protobuf become JSON, or an error that says nothing of them."""

import base64
import io
import json
import struct
import sys
from typing import Any

import fastavro
import pytest
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, json_format, message_factory

from samrun.schemas.decoder import decoder_of
from samrun.schemas.schema import DeserializationError, Schema, SchemaUnavailableError


def avro_schema(definition: object, **references: object) -> Schema:
    return Schema(
        data_format="AVRO",
        definition=json.dumps(definition),
        references={name: avro_schema(each) for name, each in references.items()},
    )


def encoded(definition: Any, value: object) -> bytes:
    """Return a value in Avro's binary coding."""
    file = io.BytesIO()
    fastavro.schemaless_writer(file, fastavro.parse_schema(definition), value)
    return file.getvalue()


def record(**types: object) -> dict[str, object]:
    return {"type": "record", "name": "R", "fields": [{"name": name, "type": kind} for name, kind in types.items()]}


@pytest.mark.parametrize(
    ("kind", "value", "as_json"),
    [
        ("string", "Ä", "Ä"),
        ("long", 2**53 + 1, 2**53 + 1),
        (["null", "string"], "x", "x"),
        (["null", "string"], None, None),
        ("bytes", b"\x00\xff", "\x00\xff"),
        ({"type": "fixed", "name": "F", "size": 2}, b"ab", "ab"),
        ({"type": "enum", "name": "E", "symbols": ["A", "B"]}, "B", "B"),
        ({"type": "map", "values": "int"}, {"a": 1}, {"a": 1}),
        ({"type": "array", "items": "double"}, [1.5, float("nan"), float("-inf")], [1.5, "nan", "-inf"]),
    ],
)
def test_value_of_avro_becomes_plain_json(kind: object, value: object, as_json: object) -> None:
    definition = record(field=kind)
    decode = decoder_of(avro_schema(definition))
    assert json.loads(decode(encoded(definition, {"field": value}))) == {"field": as_json}


def test_logical_type_of_avro_is_its_number() -> None:
    definition = record(at={"type": "long", "logicalType": "timestamp-millis"})
    assert (
        decoder_of(avro_schema(definition))(encoded(record(at="long"), {"at": 1700000000000}))
        == b'{"at":1700000000000}'
    )


def test_schema_of_avro_may_refer_to_others() -> None:
    address = {"type": "record", "name": "Address", "fields": [{"name": "city", "type": "string"}]}
    decode = decoder_of(avro_schema(record(to="Address"), Address=address))
    assert decode(encoded(record(to=address), {"to": {"city": "Bern"}})) == b'{"to":{"city":"Bern"}}'


@pytest.mark.parametrize("content", [b"", b"\x0a\x61", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x04\xff\xfe"])
def test_content_that_is_not_of_the_avro_schema_is_an_error_without_it(content: bytes) -> None:
    with pytest.raises(DeserializationError, match=r"^it does not match its Avro schema \(\w+\)$"):
        decoder_of(avro_schema(record(name="string")))(content)


NESTED = {"type": "record", "name": "N", "fields": [{"name": "next", "type": ["null", "N"]}]}


def test_avro_schema_may_contain_itself() -> None:
    assert decoder_of(avro_schema(NESTED))(b"\x02\x02\x00") == b'{"next":{"next":{"next":null}}}'


@pytest.mark.parametrize(
    "definition",
    [
        NESTED,
        record(inner=NESTED),
        {
            "type": "record",
            "name": "N",
            "fields": [{"name": "b", "type": {"type": "record", "name": "B", "fields": [{"name": "n", "type": "N"}]}}],
        },
        [NESTED, "null"],
        {**NESTED, "namespace": "shop"},
    ],
)
@pytest.mark.parametrize("depth", [500, 100_000])
def test_content_that_is_nested_too_deeply_for_avro_is_an_error(definition: object, depth: int) -> None:
    # The decoder in C of fastavro ends the process.
    with pytest.raises(DeserializationError, match=r"^it does not match its Avro schema \(\w+\)$"):
        decoder_of(avro_schema(definition))((b"\x00" if isinstance(definition, list) else b"") + b"\x02" * depth)


@pytest.mark.parametrize("map_or_array", [{"type": "map", "values": "N"}, {"type": "array", "items": "N"}])
def test_content_that_is_nested_too_deeply_in_maps_and_arrays_is_an_error(map_or_array: object) -> None:
    definition = {"type": "record", "name": "N", "fields": [{"name": "inner", "type": map_or_array}]}
    with pytest.raises(DeserializationError):
        decoder_of(avro_schema(definition))(b"\x02\x00" * 100_000)
    with pytest.raises(DeserializationError):
        decoder_of(avro_schema(definition))(b"\x02" * 100_000)


@pytest.mark.parametrize(
    "items",
    [
        "null",
        {"type": "null"},
        {"type": "fixed", "name": "F", "size": 0},
        {"type": "record", "name": "Empty", "fields": [{"name": "nothing", "type": "null"}]},
    ],
)
def test_avro_array_of_items_without_content_makes_records_wait(items: object) -> None:
    # A few bytes could say that there are 2**62 of them.
    definition = record(field=["null", {"type": "array", "items": items}])
    with pytest.raises(SchemaUnavailableError, match="an array has items without content"):
        decoder_of(avro_schema(definition))


@pytest.mark.parametrize("definition", ["[" * 100_000, '{"type":"array","items":' * 900 + '"int"' + "}" * 900])
def test_avro_schema_that_is_nested_too_deeply_makes_records_wait(definition: str) -> None:
    with pytest.raises(SchemaUnavailableError, match="an Avro schema that cannot be read"):
        decoder_of(Schema(data_format="AVRO", definition=definition))


def test_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastavro", None)  # as if it were not installed
    with pytest.raises(
        SchemaUnavailableError, match=r"AVRO needs the library fastavro: pip install 'samrun\[schemas\]'"
    ):
        decoder_of(avro_schema(record(name="string")))


def test_avro_schema_that_cannot_be_read_makes_records_wait() -> None:
    with pytest.raises(SchemaUnavailableError, match="an Avro schema that cannot be read"):
        decoder_of(avro_schema(record(to="Nowhere")))


ORDER = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "to": {"$ref": "address.json"}},
    "required": ["id"],
}
ADDRESS = {"type": "object", "properties": {"city": {"type": "string"}}}


def json_schema(definition: object, **references: object) -> Schema:
    return Schema(
        data_format="JSON",
        definition=json.dumps(definition),
        references={name: json_schema(each) for name, each in references.items()},
    )


ORDER_SCHEMA = json_schema(ORDER, **{"address.json": ADDRESS})


def test_content_that_matches_its_json_schema_stays_as_it_is() -> None:
    content = b'{ "id": 1,\n"to": {"city": "Bern"} }'
    assert decoder_of(ORDER_SCHEMA)(content) == content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"id": "secret"}', r"it does not match its JSON schema (type at $.id)"),
        (b'{"id": 1, "to": {"city": 3}}', r"it does not match its JSON schema (type at $.to.city)"),
        (b'{"to": {}}', r"it does not match its JSON schema (required at $)"),
        (b'{"id": ', "it is not JSON"),
        (b"\xff", "it is not JSON"),
    ],
)
def test_content_that_does_not_match_its_json_schema_is_an_error_without_it(content: bytes, message: str) -> None:
    with pytest.raises(DeserializationError) as raised:
        decoder_of(ORDER_SCHEMA)(content)
    assert str(raised.value) == message


def test_json_schema_that_refers_to_nothing_makes_records_wait() -> None:
    with pytest.raises(SchemaUnavailableError, match=r"refers to address\.json, which is not there"):
        decoder_of(json_schema(ORDER))(b'{"id": 1, "to": {}}')


@pytest.mark.parametrize("definition", ["{", "7", "[]", '{"type": "text"}', '{"pattern": "["}', "[" * 100_000])
def test_json_schema_that_cannot_be_read_makes_records_wait(definition: str) -> None:
    with pytest.raises(SchemaUnavailableError, match="the schema registry has a JSON schema that cannot be read"):
        decoder_of(Schema(data_format="JSON", definition=definition))


@pytest.mark.parametrize("address", [{"type": "text"}, {"pattern": "["}, {"$ref": "#"}])
def test_json_schema_that_refers_to_one_that_cannot_be_read_makes_records_wait(address: object) -> None:
    decode = decoder_of(json_schema({"properties": {"to": {"$ref": "address.json"}}}, **{"address.json": address}))
    with pytest.raises(SchemaUnavailableError, match="the schema registry has a JSON schema that cannot be read"):
        decode(b'{"to": "x"}')


TREE = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}


@pytest.mark.parametrize("depth", [200, 900, 100_000])
def test_content_that_is_nested_too_deeply_for_its_json_schema_is_an_error(depth: int) -> None:
    with pytest.raises(DeserializationError):
        decoder_of(json_schema(TREE))(b'{"next":' * depth + b"{}" + b"}" * depth)
    with pytest.raises(DeserializationError):
        decoder_of(json_schema({"items": {"$ref": "#"}, "minItems": 1}))(b"[" * depth + b"]" * depth)


@pytest.mark.parametrize("content", [b"NaN", b"Infinity", b"9" * 400])
def test_number_that_the_library_for_json_schemas_cannot_divide_is_an_error(content: bytes) -> None:
    with pytest.raises(DeserializationError):
        decoder_of(json_schema({"multipleOf": 0.5}))(content)


def proto_file() -> descriptor_pb2.FileDescriptorProto:
    """Return a file with First, and Outer {message Inner {string first_name = 1; int64 n = 2;} Timestamp at = 1;}."""
    kinds = descriptor_pb2.FieldDescriptorProto
    inner = descriptor_pb2.DescriptorProto(
        name="Inner",
        field=[
            kinds(name="first_name", number=1, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL),
            kinds(name="n", number=2, type=kinds.TYPE_INT64, label=kinds.LABEL_OPTIONAL),
        ],
    )
    at = kinds(
        name="at",
        number=1,
        type=kinds.TYPE_MESSAGE,
        type_name=".google.protobuf.Timestamp",
        label=kinds.LABEL_OPTIONAL,
    )
    return descriptor_pb2.FileDescriptorProto(
        name="orders.proto",
        package="shop",
        syntax="proto3",
        dependency=["google/protobuf/timestamp.proto"],
        message_type=[
            descriptor_pb2.DescriptorProto(name="First"),
            descriptor_pb2.DescriptorProto(name="Outer", field=[at], nested_type=[inner]),
        ],
    )


PROTOBUF = Schema(data_format="PROTOBUF", definition=base64.b64encode(proto_file().SerializeToString()).decode())


def message(name: str, fields: object) -> bytes:
    """Return a message of the file in Protobuf's coding."""
    from google.protobuf import timestamp_pb2  # noqa: F401 - the pool has it then

    pool = descriptor_pool.DescriptorPool()
    well_known = descriptor_pb2.FileDescriptorProto()
    descriptor_pool.Default().FindFileByName("google/protobuf/timestamp.proto").CopyToProto(well_known)
    pool.Add(well_known)
    pool.Add(proto_file())
    kind = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    content: bytes = json_format.ParseDict(fields, kind()).SerializeToString()
    return content


@pytest.mark.parametrize(
    ("indexes", "name", "fields"),
    [
        (b"\x00", "shop.First", {}),
        (b"\x02\x02", "shop.Outer", {"at": "2026-11-29T13:00:00Z"}),
        (b"\x04\x02\x00", "shop.Outer.Inner", {"first_name": "Ada", "n": "5"}),
    ],
)
def test_message_of_protobuf_becomes_json_with_the_names_of_its_schema(
    indexes: bytes, name: str, fields: dict[str, object]
) -> None:
    assert json.loads(decoder_of(PROTOBUF)(indexes + message(name, fields))) == fields


def test_number_of_protobuf_that_does_not_end_is_refused() -> None:
    # Read to its end, as one number, it would take hours.
    with pytest.raises(DeserializationError, match=r"^it does not match its Protobuf schema$"):
        decoder_of(PROTOBUF)(b"\xff" * 5_000_000)


LONG_NUMBERS = (b"\xff" * 10 + b"\x01", b"\xfe" + b"\xff" * 8 + b"\x01")


@pytest.mark.parametrize(
    "content",
    [b"", b"\x02", b"\x02\x08", b"\x02\x01", b"\x00\xff", struct.pack("b", -1), *LONG_NUMBERS],
)
def test_content_that_is_not_of_the_protobuf_schema_is_an_error(content: bytes) -> None:
    with pytest.raises(DeserializationError, match=r"^it does not match its Protobuf schema$"):
        decoder_of(PROTOBUF)(content)


def test_message_of_protobuf_that_has_no_json_is_an_error() -> None:
    seconds = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"  # of a timestamp: far behind the year 9999
    with pytest.raises(DeserializationError, match=r"^it does not match its Protobuf schema$"):
        decoder_of(PROTOBUF)(b"\x02\x02" + b"\x0a" + bytes([len(seconds)]) + seconds)


def any_in_any() -> Schema:
    """Return a schema of a message that holds any other one, and the definition of Any itself."""
    kinds = descriptor_pb2.FieldDescriptorProto
    held = kinds(
        name="held", number=1, type=kinds.TYPE_MESSAGE, type_name=".google.protobuf.Any", label=kinds.LABEL_OPTIONAL
    )
    file = descriptor_pb2.FileDescriptorProto(
        name="any.proto",
        syntax="proto3",
        dependency=["google/protobuf/any.proto"],
        message_type=[descriptor_pb2.DescriptorProto(name="Holder", field=[held])],
    )
    return Schema(data_format="PROTOBUF", definition=base64.b64encode(file.SerializeToString()).decode())


def test_message_of_protobuf_that_is_nested_too_deeply_is_an_error() -> None:
    inner = any_pb2.Any(type_url="type.googleapis.com/google.protobuf.Any")
    for _ in range(1_000):
        inner = any_pb2.Any(type_url=inner.type_url, value=inner.SerializeToString())
    content = inner.SerializeToString()
    length = bytes([content_length & 0x7F | 0x80 for content_length in (len(content), len(content) >> 7)])
    with pytest.raises(DeserializationError):
        decoder_of(any_in_any())(b"\x00\x0a" + length + bytes([len(content) >> 14]) + content)
