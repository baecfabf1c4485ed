"""Registries: how they are asked, what they answer, and how records name their schemas."""

import json
import uuid
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from samrun.schemas.confluent_registry import ConfluentRegistry
from samrun.schemas.glue_registry import GlueRegistry
from samrun.schemas.registry import open_registry
from samrun.schemas.registry_access import RegistryAccess
from samrun.schemas.schema import DeserializationError, SchemaNotFoundError, SchemaUnavailableError
from samrun.template.model.kafka_mappings import SchemaRegistryConfig
from support.local_aws import LocalAws
from support.schema_registry import FakeRegistry, framed, running_registry

AVRO = {"type": "record", "name": "R", "fields": []}


@pytest.fixture
def server() -> Iterator[FakeRegistry]:
    with running_registry() as registry:
        yield registry


def test_schema_comes_with_its_format_and_its_references(server: FakeRegistry) -> None:
    server.register(AVRO, subject="r-value")
    reference = {"name": "R", "subject": "r-value", "version": 1}
    schema_id = server.register({"type": "array", "items": "R"}, references=[reference])
    schema = ConfluentRegistry(server.url, RegistryAccess()).schema(str(schema_id))
    assert schema.data_format == "AVRO"
    assert json.loads(schema.definition) == {"type": "array", "items": "R"}
    assert json.loads(schema.references["R"].definition) == AVRO


def test_schema_that_the_registry_does_not_have_is_an_error(server: FakeRegistry) -> None:
    with pytest.raises(SchemaNotFoundError, match=rf"{server.url} has no schema 7"):
        ConfluentRegistry(server.url, RegistryAccess()).schema("7")


def test_registry_that_does_not_answer_is_an_error_that_says_what_to_do(server: FakeRegistry) -> None:
    server.broken.set()
    registry = ConfluentRegistry(server.url, RegistryAccess())
    with pytest.raises(
        SchemaUnavailableError, match=r"does not answer: 500 Internal Server Error\. Start it, or set SCH"
    ):
        registry.check()
    server.broken.clear()
    registry.check()
    with pytest.raises(SchemaUnavailableError, match=r"http://127\.0\.0\.1:9 does not answer: .*refused"):
        ConfluentRegistry("http://127.0.0.1:9", RegistryAccess()).check()


def test_record_names_its_schema_in_confluent_s_form() -> None:
    registry = ConfluentRegistry("http://127.0.0.1:9", RegistryAccess())
    assert registry.split(framed(258, b"content")) == ("258", b"content")
    for content in (b"", b"\0\0\0\0", b'{"plain": "JSON"}'):
        with pytest.raises(DeserializationError, match="does not begin with the byte 0"):
            registry.split(content)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        "text",
        None,
        {"schema": "{}", "references": [{"name": "x"}]},
        {"schema": "{}", "references": 7},
        {"schema": "{}", "references": [{"name": "R", "subject": "subject", "version": 1}]},
    ],
    ids=["nothing", "list", "text", "null", "reference without a subject", "number", "endless"],
)
def test_answer_of_a_registry_that_is_no_schema_makes_records_wait(server: FakeRegistry, answer: Any) -> None:
    schema_id = server.register(AVRO)
    server.schemas[schema_id] = answer
    with pytest.raises((SchemaUnavailableError, SchemaNotFoundError)):
        ConfluentRegistry(server.url, RegistryAccess()).schema(str(schema_id))


def test_content_that_is_much_larger_than_its_record_is_refused() -> None:
    registry = GlueRegistry(None)
    prefix = b"\x03\x05" + uuid.uuid4().bytes
    assert registry.split(prefix + zlib.compress(bytes(10_000_000)))[1] == bytes(10_000_000)
    for content in (zlib.compress(bytes(100_000_000)), zlib.compress(b"content")[:-1]):
        with pytest.raises(DeserializationError, match="not complete, or too large"):
            registry.split(prefix + content)


def _config(**access: str) -> SchemaRegistryConfig:
    return SchemaRegistryConfig(
        uri="https://registry.example.com", record_format="JSON", attributes=frozenset(), access=access
    )


def test_registry_gets_the_user_of_the_secret_and_reads_it_again_after_a_refusal(
    server: FakeRegistry, local_aws: LocalAws
) -> None:
    server.credentials = ("lambda", "right")
    manager = local_aws.client("secretsmanager")
    secret = json.dumps({"username": "lambda", "password": "wrong"})
    arn = manager.create_secret(Name=uuid.uuid4().hex, SecretString=secret)["ARN"]
    registry = ConfluentRegistry(server.url, RegistryAccess(secrets={"BASIC_AUTH": arn}, client=local_aws.client))
    with pytest.raises(SchemaUnavailableError, match="does not answer: 401 Unauthorized"):
        registry.check()
    manager.put_secret_value(SecretId=arn, SecretString=secret.replace("wrong", "right"))
    registry.check()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("BASIC_AUTH", "the secret arn:nowhere cannot be read: .* Create it, or set SCHEMA_REGISTRY_URL"),
        ("SERVER_ROOT_CA_CERTIFICATE", "the secret arn:nowhere cannot be read"),
        ("CLIENT_CERTIFICATE_TLS_AUTH", "the secret arn:nowhere cannot be read"),
        ("OAUTHBEARER_AUTH", "OAUTHBEARER_AUTH is not supported here: set SCHEMA_REGISTRY_URL"),
    ],
)
def test_access_that_cannot_be_had_is_an_error_that_says_what_to_do(
    local_aws: LocalAws, kind: str, message: str
) -> None:
    registry = open_registry(_config(**{kind: "arn:nowhere"}), url=None, client=local_aws.client)
    with pytest.raises(SchemaUnavailableError, match=message):
        registry.check()


def test_registry_that_stands_for_the_template_s_is_asked_without_its_secrets(
    server: FakeRegistry, local_aws: LocalAws
) -> None:
    open_registry(_config(BASIC_AUTH="arn:nowhere"), url=server.url, client=local_aws.client).check()
    assert server.requests == ["/schemas/types"]


@pytest.mark.emulated_aws
@mock_aws
def test_schema_of_glue_is_that_of_the_local_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    glue = boto3.client("glue", region_name="eu-central-1")
    registry = GlueRegistry(glue)
    registry.check()
    schema_id = glue.create_schema(
        SchemaName="s", DataFormat="AVRO", Compatibility="NONE", SchemaDefinition=json.dumps(AVRO)
    )["SchemaVersionId"]
    assert json.loads(registry.schema(schema_id).definition) == AVRO
    with pytest.raises(SchemaNotFoundError):
        registry.schema(str(uuid.uuid4()))
    prefix = uuid.UUID(schema_id).bytes
    assert registry.split(b"\x03\x00" + prefix + b"content") == (schema_id, b"content")
    assert registry.split(b"\x03\x05" + prefix + zlib.compress(b"content")) == (schema_id, b"content")
    for content in (b"", b"\x03\x00short", b"\x03\x05" + prefix + b"content", b"\x02\x00" + prefix):
        with pytest.raises(DeserializationError):
            registry.split(content)
