"""Imports of tests: what several test modules use stands in a module of its own, so none imports another."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(file for folder in ("tests", "examples", "samrun/tests") for file in (ROOT / folder).rglob("*.py"))


def imported_tests(code: str) -> set[str]:
    """Return the test modules, and the names of tests, that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module or ''}.{alias.name}" for alias in node.names}
    return {name for name in names if any(part.startswith("test_") for part in name.split("."))}


def test_no_file_of_the_tests_imports_a_test_module() -> None:
    found = {file.relative_to(ROOT).as_posix(): imported_tests(file.read_text(encoding="utf-8")) for file in FILES}
    assert len(found) > 400
    assert {file: names for file, names in found.items() if names} == {}, (
        "Move what these files need of the test modules that they import into a module that is no test."
    )


@pytest.mark.parametrize(
    "code",
    [
        "import tests.order.test_store",
        "from tests.order import test_store",
        "from tests.order.test_store import PAID",
        "from . import test_store",
        "def late():\n    from tests.order.test_store import PAID",
    ],
)
def test_an_import_of_a_test_module_is_found(code: str) -> None:
    assert len(imported_tests(code)) == 1


def test_an_import_of_another_module_is_none() -> None:
    assert imported_tests("from samrun import testing\nfrom tests.order.state_rows import PAID\nimport pytest") == set()
