"""Operations of an application's APIs that take JSON, with an example, as its OpenAPI documents describe them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from samrun.console.flow.schema_examples import example_of, resolved
from samrun.template.model.application import Application
from samrun.template.model.http_apis import HttpApi

_METHODS = ("post", "put", "patch")
_JSON = "application/json"
_ARTICLE = re.compile(r"\b(an?|the)\b ", re.IGNORECASE)


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
            operation = methods.get(method, {}) if isinstance(methods, dict) else {}
            content = resolved(document, operation.get("requestBody")).get("content", {}).get(_JSON)
            if content is not None:
                yield ApiOperation(
                    api=api,
                    method=method.upper(),
                    path=path,
                    summary=operation.get("summary") or f"{method.upper()} {path}",
                    example=example_of(document, content),
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
