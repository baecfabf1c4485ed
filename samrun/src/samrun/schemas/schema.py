"""Schema of a registry, and the errors of records that have none or do not match theirs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from samrun.errors import SamrunError

DataFormat = Literal["AVRO", "JSON", "PROTOBUF"]

Decode = Callable[[bytes], bytes]
"""Makes JSON of the content of a record. Raises DeserializationError."""


class SchemaUnavailableError(SamrunError):
    """A registry cannot be asked, or its schema cannot be used here. The message says why, and what to do."""


class InvalidRecordError(SamrunError):
    """A record fails validation. The message says why, and contains nothing of the record.

    `condition` is what AWS calls it: https://docs.aws.amazon.com/lambda/latest/dg/services-consume-kafka-events.html
    """

    condition: ClassVar[Literal["SCHEMA_NOT_FOUND", "DESERIALIZATION_ERROR"]]


class SchemaNotFoundError(InvalidRecordError):
    """The registry does not have the schema that a record names."""

    condition = "SCHEMA_NOT_FOUND"


class DeserializationError(InvalidRecordError):
    """A record names no schema, or does not match its schema."""

    condition = "DESERIALIZATION_ERROR"


@dataclass(frozen=True, kw_only=True)
class Schema:
    """A schema. `references` are the schemas that its definition imports, by the names that it has for them.

    The definition is JSON; that of Protobuf is a FileDescriptorProto, serialized and in base64.
    """

    data_format: DataFormat
    definition: str
    references: Mapping[str, "Schema"] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SchemaMetadata:
    """The schema by which a key or a value was validated, as the event names it.

    The format is that of the content that the function gets: JSON if it was decoded. AWS's page can be read otherwise,
    but Powertools refuses to read JSON that is said to be Avro.
    """

    data_format: DataFormat
    schema_id: str
