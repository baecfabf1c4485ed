"""Registry of a mapping: where its schemas are, and how its records name them."""

from collections.abc import Callable
from typing import Any, Protocol

from samrun.schemas.confluent_registry import ConfluentRegistry
from samrun.schemas.glue_registry import GlueRegistry
from samrun.schemas.registry_access import RegistryAccess
from samrun.schemas.schema import Schema
from samrun.template.model.kafka_mappings import SchemaRegistryConfig


class SchemaRegistry(Protocol):
    """Registry of schemas. For any thread."""

    def check(self) -> None:
        """Ask the registry anything. Raises SchemaUnavailableError."""
        ...

    def split(self, content: bytes, /) -> tuple[str, bytes]:
        """Return the id of the schema that a key or a value names, and its content. Raises DeserializationError."""
        ...

    def schema(self, schema_id: str, /) -> Schema:
        """Return a schema. Raises SchemaNotFoundError and SchemaUnavailableError."""
        ...


def open_registry(config: SchemaRegistryConfig, *, url: str | None, client: Callable[[str], Any]) -> SchemaRegistry:
    """Return the registry that a mapping names; Glue's is that of the local AWS.

    `url` is the one that stands for all registries of Confluent's kind; it is asked without authentication. `client`
    returns the boto3 client of a service.
    """
    if config.is_glue:
        return GlueRegistry(client("glue"))
    access = RegistryAccess() if url else RegistryAccess(secrets=config.access, client=client)
    return ConfluentRegistry(url or config.uri, access)
