"""Operations of an application's APIs that take a JSON body, with an example, as its OpenAPI document describes them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from samrun.template.model.application import Application
from samrun.template.model.http_apis import HttpApi

_METHODS = ("post", "put", "patch")
_JSON = "application/json"
_ARTICLE = re.compile(r"\b(an?|the)\b ", re.IGNORECASE)
# References of schemas that refer to each other have no end.
_MAX_DEPTH = 12


@dataclass(frozen=True, kw_only=True)
class ApiOperation:
    """Operation with a JSON body. `example` is a JSON value, and `path_parameters` are names in the path."""

    api: HttpApi
    method: str
    path: str
    summary: str
    example: Any
    path_parameters: tuple[str, ...]

    @property
    def key(self) -> str:
        """Its method and path, as in the template's routes: "POST /orders"."""
        return f"{self.method} {self.path}"

    @property
    def sample_title(self) -> str:
        """The summary as a thing to do with a sample: "Place an order" becomes "Place a sample order"."""
        title, count = _ARTICLE.subn("a sample ", self.summary, count=1)
        return title if count else f"{self.summary} (sample)"


def operations_of(application: Application) -> list[ApiOperation]:
    """Return the operations of all documents that can be read; those of a path without parameters come first."""
    found = [operation for api in application.apis for operation in _operations(api)]
    return sorted(found, key=lambda each: len(each.path_parameters))


def _operations(api: HttpApi) -> Iterator[ApiOperation]:
    document = _document(api)
    paths = document.get("paths")
    for path, methods in paths.items() if isinstance(paths, dict) else ():
        for method in _METHODS:
            operation = methods.get(method) if isinstance(methods, dict) else None
            content = _resolved(document, (operation or {}).get("requestBody", {})).get("content", {}).get(_JSON)
            if content is not None:
                yield ApiOperation(
                    api=api,
                    method=method.upper(),
                    path=path,
                    summary=operation.get("summary") or f"{method.upper()} {path}",
                    example=_example(document, content),
                    path_parameters=tuple(re.findall(r"{([^}]+)}", path)),
                )


def _document(api: HttpApi) -> Mapping[str, Any]:
    """Return the document of an API; an empty one if there is none. The page of the docs says what is wrong with it."""
    if api.openapi_document is None:
        return {}
    try:
        document = json.loads(api.openapi_document.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _example(document: Mapping[str, Any], content: Mapping[str, Any]) -> Any:
    examples = [_resolved(document, each).get("value") for each in (content.get("examples") or {}).values()]
    named = [each for each in (content.get("example"), *examples) if each is not None]
    return named[0] if named else _of_schema(document, content.get("schema") or {}, _MAX_DEPTH)


def _of_schema(document: Mapping[str, Any], schema: Any, depth: int) -> Any:
    """Return a value that a schema describes: its example or default, or one made of its parts."""
    schema = _resolved(document, schema)
    for name in ("example", "default", "const"):
        if name in schema:
            return schema[name]
    for name in ("examples", "enum"):
        if isinstance(schema.get(name), Sequence) and schema[name]:
            return schema[name][0]
    for name in ("allOf", "oneOf", "anyOf"):
        if schema.get(name) and depth:
            return _of_schema(document, schema[name][0], depth - 1)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if (kind == "object" or "properties" in schema) and depth:
        return {name: _of_schema(document, each, depth - 1) for name, each in schema.get("properties", {}).items()}
    if kind == "array" and depth:
        return [_of_schema(document, schema.get("items") or {}, depth - 1)]
    return {
        "integer": schema.get("minimum", 1),
        "number": schema.get("minimum", 1),
        "boolean": False,
        "null": None,
    }.get(kind or "", "text")


def _resolved(document: Mapping[str, Any], part: Any) -> Mapping[str, Any]:
    """Return a part of a document, or the one in the same document that it refers to."""
    for _ in range(_MAX_DEPTH):
        reference = part.get("$ref") if isinstance(part, dict) else None
        if not isinstance(reference, str) or not reference.startswith("#/"):
            break
        part = document
        for name in reference[2:].split("/"):
            part = part.get(name.replace("~1", "/").replace("~0", "~"), {}) if isinstance(part, dict) else {}
    return part if isinstance(part, dict) else {}
