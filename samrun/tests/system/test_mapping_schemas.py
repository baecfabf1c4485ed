"""The mapping with a schema registry, on a real broker: what the function gets, and what becomes of other records."""

import base64
import io
import json
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import fastavro
import pytest
from kafka import KafkaProducer
from moto import mock_aws

from samrun.filtering.filter_pattern import FilterPattern
from samrun.functions.invoker import PayloadTooLargeError
from samrun.schemas.confluent_registry import ConfluentRegistry
from samrun.schemas.glue_registry import GlueRegistry
from samrun.schemas.registry_access import RegistryAccess
from samrun.template.model.kafka_mappings import SchemaRegistryConfig
from samrun.testing.waiting import eventually
from support.polled_topic import BUCKET, Offsets, RunningPoller, Topic, is_content
from support.schema_registry import FakeRegistry, framed, running_registry

pytestmark = pytest.mark.xdist_group("shared-broker")

CONTACT = {
    "type": "record",
    "name": "Contact",
    "fields": [{"name": "name", "type": "string"}, {"name": "zip", "type": ["null", "string"]}],
}
JSON_CONTACT = {"type": "object", "required": ["name"]}


def avro(value: object) -> bytes:
    file = io.BytesIO()
    fastavro.schemaless_writer(file, fastavro.parse_schema(CONTACT), value)
    return file.getvalue()


ADA = avro({"name": "Ada", "zip": "2000"})


def config(record_format: str = "JSON", attributes: tuple[str, ...] = ("VALUE",)) -> SchemaRegistryConfig:
    fields: dict[str, Any] = {"record_format": record_format, "attributes": frozenset(attributes)}
    return SchemaRegistryConfig(uri="http://registry", **fields)


@pytest.fixture
def server() -> Iterator[FakeRegistry]:
    with running_registry() as registry:
        yield registry


@pytest.fixture
def registry(server: FakeRegistry) -> ConfluentRegistry:
    return ConfluentRegistry(server.url, RegistryAccess())


def produce(topic: Topic, *records: tuple[bytes | None, bytes | None]) -> None:
    """Produce records of these keys and values."""
    producer = KafkaProducer(bootstrap_servers=topic.bootstrap)
    for key, value in records:
        producer.send(topic.name, value, key=key, partition=0)
    producer.close()


def received(poller: RunningPoller) -> list[dict[str, Any]]:
    """Return the records that the function got."""
    return [
        record
        for payload in poller.function.payloads
        for records in json.loads(payload)["records"].values()
        for record in records
    ]


def decoded(content: str) -> Any:
    return json.loads(base64.b64decode(content))


def test_function_gets_avro_as_json_with_its_schema(
    topic: Topic, server: FakeRegistry, registry: ConfluentRegistry
) -> None:
    schema_id = server.register(CONTACT)
    produce(topic, (b"plain key", framed(schema_id, ADA)))
    poller = topic.poll(registry=registry, schema_registry=config())
    poller.wait_for(1)
    [record] = received(poller)
    assert decoded(record["value"]) == {"name": "Ada", "zip": "2000"}
    assert record["valueSchemaMetadata"] == {"dataFormat": "JSON", "schemaId": "1"}
    assert base64.b64decode(record["key"]) == b"plain key"
    assert "keySchemaMetadata" not in record


def test_function_gets_the_source_without_the_id_of_its_schema(
    topic: Topic, server: FakeRegistry, registry: ConfluentRegistry
) -> None:
    key_id, value_id = server.register(JSON_CONTACT, "JSON"), server.register(CONTACT)
    produce(topic, (framed(key_id, b'{"name": "key"}'), framed(value_id, ADA)))
    poller = topic.poll(registry=registry, schema_registry=config("SOURCE", ("KEY", "VALUE")))
    poller.wait_for(1)
    [record] = received(poller)
    assert base64.b64decode(record["key"]) == b'{"name": "key"}'
    assert record["keySchemaMetadata"] == {"dataFormat": "JSON", "schemaId": "1"}
    assert base64.b64decode(record["value"]) == ADA
    assert record["valueSchemaMetadata"] == {"dataFormat": "AVRO", "schemaId": "2"}


def test_filters_see_the_decoded_value(topic: Topic, server: FakeRegistry, registry: ConfluentRegistry) -> None:
    schema_id = server.register(CONTACT)
    values = [avro({"name": name, "zip": code}) for name, code in (("a", "3000"), ("b", "2000"), ("c", None))]
    produce(topic, *((None, framed(schema_id, value)) for value in values))
    pattern = FilterPattern.parse('{"value": {"zip": [{"prefix": "2000"}]}}')
    poller = topic.poll(registry=registry, schema_registry=config("SOURCE"), filters=(pattern,))
    topic.wait_for_commit({0: 3, 1: 0})
    assert [base64.b64decode(each["value"]) for each in received(poller)] == [values[1]]


def test_records_that_are_not_valid_are_discarded_each_by_itself_and_the_others_are_delivered(
    topic: Topic, server: FakeRegistry, registry: ConfluentRegistry
) -> None:
    schema_id = server.register(CONTACT)
    values = [b"plain", framed(schema_id, ADA), framed(99, ADA), framed(schema_id, b"\xff"), None]
    produce(topic, *((b"key", value) for value in values))
    poller = topic.poll(registry=registry, schema_registry=config(), on_failure=BUCKET, window=1.0)
    topic.wait_for_commit({0: 5, 1: 0})
    assert poller.function.delivered() == [1, 4]
    assert "value" not in received(poller)[1]
    name = f"{topic.name}-0"
    assert poller.discarded_batches() == [
        ("DESERIALIZATION_ERROR", {name: [0]}, 0),
        ("SCHEMA_NOT_FOUND", {name: [2]}, 0),
        ("DESERIALIZATION_ERROR", {name: [3]}, 0),
    ]
    poller.wait_for_report(f"{name}@2 (1 record) is not valid: the schema registry {server.url} has no schema 99")


def test_records_wait_while_the_registry_does_not_answer(
    topic: Topic, server: FakeRegistry, registry: ConfluentRegistry
) -> None:
    schema_id = server.register(CONTACT)
    poller = topic.poll(registry=registry, schema_registry=config(), maximum_retries=0)
    topic.wait_for_commit({0: 0, 1: 0})
    server.broken.set()
    produce(topic, (None, framed(schema_id, ADA)))
    poller.wait_for_report(f"{topic.name}-0@0 (1 record) waits: the schema registry {server.url} does not answer: 500")
    eventually(lambda: len(server.requests) > 4, what="another request")
    server.broken.clear()
    assert poller.wait_for(1) == [0]
    topic.wait_for_commit({0: 1, 1: 0})
    assert len([line for line in poller.reports if "waits" in line]) == 1, "it is reported once"


def test_mapping_waits_for_its_registry_before_it_reads(
    topic: Topic, server: FakeRegistry, registry: ConfluentRegistry
) -> None:
    schema_id = server.register(CONTACT)
    produce(topic, (None, framed(schema_id, ADA)))
    server.broken.set()
    poller = topic.poll(registry=registry, schema_registry=config())
    poller.wait_for_report(
        f"Mapping cannot read {topic.name}, retrying: the schema registry {server.url} does not answer"
    )
    assert not poller.function.payloads
    server.broken.clear()
    assert poller.wait_for(1) == [0]


def test_schema_is_asked_for_once(topic: Topic, server: FakeRegistry, registry: ConfluentRegistry) -> None:
    schema_id = server.register(CONTACT)
    produce(topic, *[(None, framed(schema_id, ADA))] * 20)
    attempts = iter([ValueError("once")])

    def react(_: Offsets) -> bytes:
        for error in attempts:
            raise error
        return b"null"

    poller = topic.poll(react, registry=registry, schema_registry=config(), window=1.0)
    topic.wait_for_commit({0: 20, 1: 0})
    assert decoded(received(poller)[-1]["value"])["name"] == "Ada", "what is retried is not decoded again"
    assert server.requests == ["/schemas/types", f"/schemas/ids/{schema_id}"]


def test_batch_that_is_too_large_once_it_is_decoded_is_split(
    topic: Topic, server: FakeRegistry, registry: ConfluentRegistry
) -> None:
    def react(batch: Offsets) -> bytes:
        if sum(map(len, batch.values())) > 2:
            raise PayloadTooLargeError("too large")
        return b"null"

    schema_id = server.register(CONTACT)
    produce(topic, *[(None, framed(schema_id, ADA))] * 6)
    poller = topic.poll(react, registry=registry, schema_registry=config(), maximum_retries=0, window=1.0)
    topic.wait_for_commit({0: 6, 1: 0})
    small = [each for batch in poller.function.batches() for each in batch.values() if len(each) <= 2]
    assert [offset for batch in small for offset in batch] == [0, 1, 2, 3, 4, 5]


def test_function_gets_records_of_glue_s_serializers(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        glue = boto3.client("glue", region_name="eu-central-1")
        schema_id = glue.create_schema(
            SchemaName="contact", DataFormat="AVRO", Compatibility="NONE", SchemaDefinition=json.dumps(CONTACT)
        )["SchemaVersionId"]
        produce(topic, (None, b"\x03\x00" + uuid.UUID(schema_id).bytes + ADA))
        poller = topic.poll(is_content, registry=GlueRegistry(glue), schema_registry=config())
        poller.wait_for(1)
        [record] = received(poller)
        assert decoded(record["value"])["name"] == "Ada"
        assert record["valueSchemaMetadata"] == {"dataFormat": "JSON", "schemaId": schema_id}
