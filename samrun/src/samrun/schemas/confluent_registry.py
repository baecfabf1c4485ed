"""Registry of Confluent's kind: Confluent's own, Karapace, Apicurio and others have the same API.

https://docs.confluent.io/platform/current/schema-registry/develop/api.html, and for the wire format
https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
"""

import threading
from collections.abc import Mapping
from typing import Any, cast

import httpx

from samrun.schemas.registry_access import RegistryAccess
from samrun.schemas.schema import (
    DataFormat,
    DeserializationError,
    Schema,
    SchemaNotFoundError,
    SchemaUnavailableError,
)

_PREFIX = 5  # bytes: 0, and the id of the schema


class ConfluentRegistry:
    """Registry at a URL."""

    def __init__(self, url: str, access: RegistryAccess) -> None:
        self._url = url
        self._access = access
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None

    def check(self) -> None:
        """Ask the registry anything. Raises SchemaUnavailableError."""
        self._get("/schemas/types")

    def split(self, content: bytes) -> tuple[str, bytes]:
        """Return the id of the schema that a key or a value names, and its content. Raises DeserializationError."""
        if len(content) < _PREFIX or content[0] != 0:
            raise DeserializationError("it does not begin with the byte 0 and the id of a schema")
        return str(int.from_bytes(content[1:_PREFIX], "big")), content[_PREFIX:]

    def schema(self, schema_id: str) -> Schema:
        """Return a schema. Raises SchemaNotFoundError and SchemaUnavailableError."""
        found = self._get(f"/schemas/ids/{schema_id}")
        if found is None:
            raise SchemaNotFoundError(f"the schema registry {self._url} has no schema {schema_id}")
        try:
            return self._read(found, f"/schemas/ids/{schema_id}")
        except (LookupError, TypeError, AttributeError, RecursionError) as error:
            raise SchemaUnavailableError(
                f"the schema registry {self._url} answers with no schema {schema_id}: {type(error).__name__}"
            ) from error

    def _read(self, found: Mapping[str, Any], path: str) -> Schema:
        # The field is missing for Avro, which the first registries had alone.
        data_format = cast("DataFormat", found.get("schemaType", "AVRO"))
        if data_format == "PROTOBUF":
            serialized = self._get(path, format="serialized") or found
            found = {**found, "schema": serialized["schema"]}
        return Schema(
            data_format=data_format,
            definition=found["schema"],
            references={each["name"]: self._reference(each) for each in found.get("references", [])},
        )

    def _reference(self, reference: Mapping[str, Any]) -> Schema:
        path = f"/subjects/{reference['subject']}/versions/{reference['version']}"
        found = self._get(path)
        if found is None:
            raise SchemaNotFoundError(f"the schema registry {self._url} has no {path}")
        return self._read(found, path)

    def _get(self, path: str, **query: str) -> Any:
        """Return the answer of the registry; None if it has nothing at this path. Raises SchemaUnavailableError."""
        try:
            response = self._connected().get(path, params=query)
            if response.status_code == httpx.codes.NOT_FOUND:
                return None
            response.raise_for_status()
            return response.json()
        except (httpx.HTTPError, ValueError) as error:
            self._disconnect()
            raise SchemaUnavailableError(
                f"the schema registry {self._url} does not answer: {_reason(error)}. Start it, or set "
                "SCHEMA_REGISTRY_URL to the URL of another"
            ) from error

    def _connected(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                self._client = self._access.http_client(self._url)
            return self._client

    def _disconnect(self) -> None:
        """Read the secrets again for the next request."""
        with self._lock:
            self._client = None  # not closed: another thread may use it


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"{error.response.status_code} {error.response.reason_phrase}"
    return str(error) or type(error).__name__
