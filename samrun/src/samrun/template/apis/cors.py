"""CORS configuration of an HTTP API or of a function URL."""

from collections.abc import Mapping
from typing import Any

from samrun.template.model.http_apis import Cors
from samrun.template.resolution.booleans import is_true


def read_cors(declared: Mapping[str, Any] | None) -> Cors | None:
    """Return the CORS configuration. Names begin with a capital (resource) or in lower case (OpenAPI extension)."""
    if not declared:
        return None
    values = {name[:1].lower() + name[1:]: value for name, value in declared.items()}
    age = values.get("maxAge")
    return Cors(
        origins=tuple(values.get("allowOrigins", [])),
        methods=tuple(values.get("allowMethods", [])),
        headers=tuple(values.get("allowHeaders", [])),
        exposed_headers=tuple(values.get("exposeHeaders", [])),
        credentials=is_true(values.get("allowCredentials", False)),
        max_age=None if age is None else int(age),
    )
