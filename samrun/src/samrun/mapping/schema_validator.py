"""Validator of a mapping with a schema registry: records are validated, decoded and filtered before an invocation.

https://docs.aws.amazon.com/lambda/latest/dg/services-consume-kafka-events.html describes what Lambda does.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from samrun.mapping.batch import Batch
from samrun.mapping.record_filter import RecordFilter
from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.schemas.decoder import decoder_of
from samrun.schemas.registry import SchemaRegistry
from samrun.schemas.schema import DataFormat, Decode, DeserializationError, InvalidRecordError, SchemaMetadata
from samrun.template.model.kafka_mappings import SchemaRegistryConfig


class RejectedRecord(NamedTuple):
    """A record that is not valid, as a batch of its own, and why."""

    batch: Batch
    error: InvalidRecordError


class ValidatedBatch(NamedTuple):
    """The records for the function, and those that are not valid. Records that no filter lets pass are in neither."""

    accepted: Batch
    rejected: Sequence[RejectedRecord]


class _Content(NamedTuple):
    """A key or a value, as the function gets it and as filters see it, and its schema if it was validated."""

    for_function: bytes | None
    for_filters: bytes | None
    schema: SchemaMetadata | None


@dataclass(slots=True)
class ValidatedRecord(KafkaRecord):
    """A record whose key or value, or both, were validated, by these schemas."""

    key_schema: SchemaMetadata | None = None
    value_schema: SchemaMetadata | None = None

    def _formatted(self) -> bytes:
        schemas = {"keySchemaMetadata": self.key_schema, "valueSchemaMetadata": self.value_schema}
        metadata = {
            name: {"dataFormat": schema.data_format, "schemaId": schema.schema_id}
            for name, schema in schemas.items()
            if schema
        }
        plain = KafkaRecord._formatted(self)
        return b"%s,%s" % (plain[:-1], json.dumps(metadata).encode()[1:]) if metadata else plain


@dataclass(frozen=True, kw_only=True)
class SchemaValidator:
    """Validator of records by the schemas of a registry. For any thread.

    Filters see the decoded JSON, whatever the function gets.
    """

    config: SchemaRegistryConfig
    registry: SchemaRegistry
    record_filter: RecordFilter
    _decoders: dict[str, tuple[DataFormat, Decode]] = field(default_factory=dict, init=False)

    def validate(self, batch: Batch) -> ValidatedBatch:
        """Validate the records of a batch, but not those that were validated before. Raises SchemaUnavailableError."""
        accepted: dict[TopicPartition, tuple[KafkaRecord, ...]] = {}
        rejected: list[RejectedRecord] = []
        for partition, records in batch.records.items():
            if valid := tuple(self._valid(records, rejected)):
                accepted[partition] = valid
        return ValidatedBatch(Batch(accepted), rejected)

    def _valid(self, records: Sequence[KafkaRecord], rejected: list[RejectedRecord]) -> Iterator[KafkaRecord]:
        """Yield the records for the function, and add those that are not valid to `rejected`."""
        for record in records:
            if isinstance(record, ValidatedRecord):
                yield record
                continue
            try:
                key, value = self._decode("KEY", record.key), self._decode("VALUE", record.value)
                passes = self._passes(replace(record, key=key.for_filters, value=value.for_filters))
            except InvalidRecordError as error:
                rejected.append(RejectedRecord(Batch({record.topic_partition: (record,)}), error))
                continue
            if passes:
                yield ValidatedRecord(
                    record.topic_partition,
                    record.offset,
                    record.timestamp,
                    record.timestamp_type,
                    key.for_function,
                    value.for_function,
                    record.headers,
                    key_schema=key.schema,
                    value_schema=value.schema,
                )

    def _passes(self, record: KafkaRecord) -> bool:
        """Tell whether a record passes the filter. Raises DeserializationError, since no record may end the mapping."""
        try:
            return self.record_filter.passes(record)
        except Exception as error:
            raise DeserializationError(f"it cannot be filtered ({type(error).__name__})") from error

    def _decode(self, attribute: Literal["KEY", "VALUE"], content: bytes | None) -> _Content:
        """Decode a key or a value, if there is one and the mapping validates it. Raises InvalidRecordError."""
        if content is None or attribute not in self.config.attributes:
            return _Content(content, content, None)
        schema_id, body = self.registry.split(content)
        if schema_id not in self._decoders:
            schema = self.registry.schema(schema_id)
            self._decoders[schema_id] = schema.data_format, decoder_of(schema)
        data_format, decode = self._decoders[schema_id]
        as_json = decode(body)
        if self.config.record_format == "JSON":
            return _Content(as_json, as_json, SchemaMetadata(data_format="JSON", schema_id=schema_id))
        return _Content(body, as_json, SchemaMetadata(data_format=data_format, schema_id=schema_id))
