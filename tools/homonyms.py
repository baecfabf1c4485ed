"""Homonyms: one name for several things. `tools.check_words` reports them.

Within a product, each class has a name of its own; within a part, so have each public function and each module. Tests
and tools may repeat the names of functions and of modules.
"""

from __future__ import annotations

import ast
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# Folders in a folder of the repository that are products by themselves.
PRODUCTS = ("examples/reward/", "examples/shipment/", "samrun/src/", "samrun/tests/")
PARTS = ("examples/reward/src/", "examples/shipment/src/", "functions/order/", "functions/notify/", "samrun/src/")

# Names that mean the same wherever they stand, with that meaning.
SHARED = {
    # order and notify share no code.
    ("class", "ErrorAnswer"): "the HTTP answer to an error",
    ("class", "ForbiddenError"): "the token does not have the scope",
    ("class", "SettingsError"): "a variable of the environment is missing or malformed",
    ("class", "UnauthenticatedError"): "the request has no verified token",
    ("class", "_Variables"): "the variables of the environment",
    # These functions are called by their module's name, or by Lambda.
    ("function", "add_options"): "adds the options of the module's command",
    ("function", "count"): "counts a metric of the handler in the module",
    ("function", "create"): "creates the resource that the module is about",
    ("function", "decoder"): "makes the decoder of the module's format",
    ("function", "handler"): "a function of Lambda",
    ("function", "routes"): "the console's routes to the module's pages",
    ("function", "run"): "runs the module's command",
    ("function", "start"): "starts the module's service",
    ("function", "wait_until_ready"): "waits for the module's service",
    # The package says of what.
    ("module", "app"): "the ASGI application",
    ("module", "cors"): "the CORS of an API: template/ reads it, gateway/ answers by it",
    ("module", "dynamodb"): "DynamoDB Local: services/ starts it, testing/ does so for tests",
    ("module", "errors"): "the errors of the package",
    ("module", "events"): "the events that functions get",
    ("module", "function_urls"): "function URLs: template/ reads them, gateway/ serves them",
    ("module", "kafka_mappings"): "Kafka mappings: model/ has them, triggers/ reads them",
    ("module", "pages"): "the pages of a view of the console",
    ("module", "partial_response"): "partial batch responses",
    ("module", "poller"): "the poller of an event source",
    ("module", "relay"): "the outbox relay: outbox/ has it, handlers/ runs it",
    ("module", "services"): "the services of a stack: the command starts them alone, testing/ starts them for tests",
    ("module", "stack"): "a stack: testing/ starts one for tests",
}


class Homonym(NamedTuple):
    """A name that the file `other` has for something else, or for the same: then SHARED says what."""

    path: str
    line: int
    kind: str
    name: str
    other: str


class Homonyms:
    """Homonyms among files that are looked at one after the other."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, str, str], str] = {}

    def of(self, path: str, tree: ast.Module) -> Iterator[Homonym]:
        """Yield each name of a file that an earlier file has, too."""
        for folder, kind, name, line in _names(path, tree):
            other = self._files.setdefault((folder, kind, name), path)
            if other != path:
                yield Homonym(path, line, kind, name, other)


def _names(path: str, tree: ast.Module) -> Iterator[tuple[str, str, str, int]]:
    """Yield the names that a file has to have alone in a folder: the folder, the kind, the name and its line."""
    product = next((folder for folder in PRODUCTS if path.startswith(folder)), path.partition("/")[0])
    classes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    yield from ((product, "class", each.name, each.lineno) for each in classes)
    part = next((folder for folder in PARTS if path.startswith(folder)), None)
    if part:
        functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
        yield from ((part, "function", each.name, each.lineno) for each in functions if not each.name.startswith("_"))
        yield from ((part, "module", name, 1) for name in [PurePosixPath(path).stem] if not name.startswith("__"))
