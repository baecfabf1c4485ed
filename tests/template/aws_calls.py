"""The calls of AWS that the functions' code makes, read from the code itself.

From the entry point's module on, whatever a function or method may call is followed by name. A call of AWS is a
method of a client of the service whose types the module imports (mypy_boto3_dynamodb, …), or a paginator of one.
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

# Powertools' providers call their service for the code that has them.
_CALLS_OF_LIBRARIES = {"SecretsProvider": "secretsmanager:GetSecretValue"}


@functools.cache
def calls(handler: str) -> frozenset[str]:
    """Return the actions, as policies name them, that a handler (`package.module.handler`) can come to call."""
    entry = handler.rpartition(".")[0]
    modules = {name: _Module(name) for name in _imported(entry)}
    found: set[str] = set()
    reached: set[str] = set()
    # All of the entry point's own module runs, and of the others what runs at their import.
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
        # What runs when something of a name is called: a function, or how a class makes its objects.
        self.run_by_name: dict[str, list[ast.AST]] = defaultdict(list)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ClassDef):
                self.run_by_name[node.name] += [each for each in node.body if _runs_with_its_class(each)]
            elif isinstance(node, Definition):
                self.run_by_name[node.name].append(node)
        imported = (each.module or "" for each in ast.walk(self.tree) if isinstance(each, ast.ImportFrom))
        self._services = [each.removeprefix("mypy_boto3_") for each in imported if each.startswith("mypy_boto3_")]

    def calls_in(self, code: ast.AST) -> Iterator[str]:
        """Yield the actions that a piece of this module's code calls."""
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
    """Return the modules of ours that a module imports, and those that they import, and itself."""
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
    """Yield the names that are called, or handed on so that somebody else calls them."""
    for node in ast.walk(code):
        if not isinstance(node, ast.Call):
            continue
        for each in (node.func, *node.args, *(keyword.value for keyword in node.keywords)):
            match each:
                case ast.Name(id=name):
                    yield name
                case ast.Attribute(attr=name) if each is node.func:
                    yield name
                case ast.Attribute(value=ast.Name(id="self"), attr=name):
                    yield name


def _runs_with_its_class(part: ast.stmt) -> bool:
    return not isinstance(part, Definition) or part.name.startswith("__")


def _is(name: str) -> bool:
    return _path(name).is_file()


def _path(name: str) -> Path:
    return (ROOT / Path(*name.split("."))).with_suffix(".py")
