"""Schema registry of a Kafka mapping: SchemaRegistryConfig."""

from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.model.kafka_mappings import SchemaRegistryConfig
from samrun.template.resolution.scalars import as_text
from samrun.template.resolution.unknown_values import UnknownValue


def read_schema_registry(config: Mapping[str, Any]) -> SchemaRegistryConfig | None:
    """Return the registry of the Kafka part of a mapping, or None if it has none."""
    found = config.get("SchemaRegistryConfig")
    if not found:
        return None
    return SchemaRegistryConfig(
        uri=as_text(found.get("SchemaRegistryURI")),
        record_format=found.get("EventRecordFormat", "JSON"),
        attributes=frozenset(each["Attribute"] for each in found.get("SchemaValidationConfigs", [])),
        access={each["Type"]: each["URI"] for each in found.get("AccessConfigs", [])},
    )


def refused_schema_registry(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the reason if AWS refuses the schema registry of a mapping."""
    registry = read_schema_registry(config)
    if not registry or isinstance(registry.uri, UnknownValue):
        return
    if not registry.is_glue and not registry.uri.startswith(("http://", "https://")):
        yield f"SchemaRegistryURI is {registry.uri!r}: it is the URL of a registry, or the ARN of one of Glue"
