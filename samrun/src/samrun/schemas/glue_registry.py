"""AWS Glue Schema Registry, that of the local AWS.

The wire format is that of AWS's serializers: https://github.com/awslabs/aws-glue-schema-registry, in
AWSSchemaRegistryConstants and GlueSchemaRegistryDeserializerDataParser.
"""

import uuid
import zlib
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from samrun.error_code import error_code
from samrun.schemas.schema import DeserializationError, Schema, SchemaNotFoundError, SchemaUnavailableError

_VERSION, _UNCOMPRESSED, _ZLIB = 3, 0, 5
# A record of a megabyte could hold a gigabyte. An event has 6 MB.
_MAX_CONTENT = 64 * 1024 * 1024
_PREFIX = 18  # bytes: the version, the compression, and the UUID of the schema


class GlueRegistry:
    """Registry behind a boto3 client of Glue. The ids are those of the versions of schemas."""

    def __init__(self, glue: Any) -> None:
        self._glue = glue

    def check(self) -> None:
        """Ask the registry anything. Raises SchemaUnavailableError."""
        try:
            self._glue.list_registries()
        except (BotoCoreError, ClientError) as error:
            raise _unavailable(error) from error

    def split(self, content: bytes) -> tuple[str, bytes]:
        """Return the id of the schema that a key or a value names, and its content. Raises DeserializationError."""
        if len(content) < _PREFIX or content[0] != _VERSION or content[1] not in {_UNCOMPRESSED, _ZLIB}:
            raise DeserializationError("it does not begin as a record of Glue's serializers")
        schema_id, payload = str(uuid.UUID(bytes=content[2:_PREFIX])), content[_PREFIX:]
        return schema_id, _decompressed(payload) if content[1] == _ZLIB else payload

    def schema(self, schema_id: str) -> Schema:
        """Return a schema. Raises SchemaNotFoundError and SchemaUnavailableError."""
        try:
            found = self._glue.get_schema_version(SchemaVersionId=schema_id)
        except (BotoCoreError, ClientError) as error:
            if error_code(error) == "EntityNotFoundException":
                raise SchemaNotFoundError(f"Glue in the local AWS has no version {schema_id} of a schema") from error
            raise _unavailable(error) from error
        if found["DataFormat"] == "PROTOBUF":
            raise SchemaUnavailableError(
                f"the schema {schema_id} of Glue is one of Protobuf, which is not supported here: use a registry of "
                "Confluent's kind"
            )
        return Schema(data_format=found["DataFormat"], definition=found["SchemaDefinition"])


def _decompressed(payload: bytes) -> bytes:
    """Return what was compressed. Raises DeserializationError, also if it is larger than any event."""
    decompressor = zlib.decompressobj()
    try:
        content = decompressor.decompress(payload, _MAX_CONTENT)
    except zlib.error:
        raise DeserializationError("its compressed content cannot be read") from None
    if not decompressor.eof:
        raise DeserializationError("its compressed content is not complete, or too large")
    return content


def _unavailable(error: Exception) -> SchemaUnavailableError:
    return SchemaUnavailableError(
        f"Glue in the local AWS does not answer: {error}. It needs the libraries of pip install 'samrun[schemas]'"
    )
