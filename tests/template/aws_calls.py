"""The AWS calls in the functions' code, read from the code itself.

The search starts at the entry point's module and follows by name every function or method that may be called. An AWS
call is a method of a client, or a paginator of one, of the service whose types the module imports
(mypy_boto3_dynamodb, …).
"""

import ast
import functools
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import boto3
from botocore.client import BaseClient

from tests.template.deployment import REGION, ROOT

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

# Powertools' providers call their service for the code that uses them.
_CALLS_OF_LIBRARIES = {"SecretsProvider": "secretsmanager:GetSecretValue"}


@functools.cache
def calls(handler: str) -> frozenset[str]:
    """Return the actions, named as in policies, that a handler (`package.module.handler`) may call."""
    entry = handler.rpartition(".")[0]
    modules = {name: _Module(name) for name in _imported(entry)}
    found: set[str] = set()
    reached: set[str] = set()
    # The entry point's own module runs completely; of the other modules, the statements run that run at import.
    todo: list[tuple[str, ast.AST]] = [(entry, modules[entry].tree)]
    todo += [(name, statement) for name, module in modules.items() if name != entry for statement in module.at_import]
    while todo:
        name, code = todo.pop()
        found.update(modules[name].calls_in(code))
        for used in set(_used(code)) - reached:
            reached.add(used)
            todo += [
                (each, definition)
                for each, module in modules.items()
                if each != entry
                for definition in module.run_by_name.get(used, [])
            ]
    return frozenset(found)


class _Module:
    """One module of a function's code."""

    def __init__(self, name: str) -> None:
        self.tree = ast.parse(_path(name).read_text())
        self.at_import = [each for each in self.tree.body if not isinstance(each, Definition)]
        # The code that runs when a name is called: a function, or the special methods of a class.
        self.run_by_name: dict[str, list[ast.AST]] = defaultdict(list)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ClassDef):
                self.run_by_name[node.name] += [each for each in node.body if _runs_with_its_class(each)]
            elif isinstance(node, Definition):
                self.run_by_name[node.name].append(node)
        imported = (each.module or "" for each in ast.walk(self.tree) if isinstance(each, ast.ImportFrom))
        # A module imports the type of a client (mypy_boto3_sns) or those of its requests (mypy_boto3_sns.type_defs).
        packages = {each.partition(".")[0] for each in imported}
        self._services = [each.removeprefix("mypy_boto3_") for each in packages if each.startswith("mypy_boto3_")]

    def calls_in(self, code: ast.AST) -> Iterator[str]:
        """Yield the actions that this piece of the module's code calls."""
        for node in ast.walk(code):
            match node:
                case ast.Call(func=ast.Attribute(attr="get_paginator"), args=[ast.Constant(value=str(method))]):
                    yield from self._actions(method)
                case ast.Call(func=ast.Attribute(attr=method)):
                    yield from self._actions(method)
                case ast.Call(func=ast.Name(id=name)) if name in _CALLS_OF_LIBRARIES:
                    yield _CALLS_OF_LIBRARIES[name]

    def _actions(self, method: str) -> Iterator[str]:
        for service in self._services:
            client = _client(service)
            if method in client.meta.method_to_api_mapping:
                prefix = client.meta.service_model.signing_name
                yield f"{prefix}:{client.meta.method_to_api_mapping[method]}"


@functools.cache
def _client(service: str) -> BaseClient:
    client: BaseClient = boto3.client(service, region_name=REGION)  # type: ignore[call-overload]
    return client


def _imported(entry: str) -> set[str]:
    """Return the module and all of our modules that it imports, directly or indirectly."""
    found, todo = set(), [entry]
    while todo:
        if (name := todo.pop()) in found:
            continue
        found.add(name)
        for node in ast.walk(ast.parse(_path(name).read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("functions."):
                todo += [
                    each for each in (node.module, *(f"{node.module}.{it.name}" for it in node.names)) if _is(each)
                ]
    return found


def _used(code: ast.AST) -> Iterator[str]:
    """Yield the names that are called, or passed as arguments so that other code calls them."""
    own = _own_names(code)
    for node in ast.walk(code):
        if not isinstance(node, ast.Call):
            continue
        for each in (node.func, *node.args, *(keyword.value for keyword in node.keywords)):
            match each:
                case ast.Name(id=name) if name not in own:
                    yield name
                case ast.Attribute(attr=name) if each is node.func:
                    yield name
                case ast.Attribute(value=ast.Name(id="self"), attr=name):
                    yield name


def _own_names(code: ast.AST) -> set[str]:
    """Return a function's parameters and variables: they may have the name of another module's function."""
    if not isinstance(code, ast.FunctionDef | ast.AsyncFunctionDef):
        return set()
    names = {node.arg for node in ast.walk(code) if isinstance(node, ast.arg)}
    return names | {
        node.id for node in ast.walk(code) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _runs_with_its_class(part: ast.stmt) -> bool:
    return not isinstance(part, Definition) or part.name.startswith("__")


def _is(name: str) -> bool:
    return _path(name).is_file()


def _path(name: str) -> Path:
    return (ROOT / Path(*name.split("."))).with_suffix(".py")
