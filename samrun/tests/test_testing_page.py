"""The page about testing: its example is a test of samrun/tests/apps/tested, and it names what there is."""

import re
from pathlib import Path

from samrun.testing.plugin import pytest_addoption
from samrun.testing.stack import RunningStack

SAMRUN = Path(__file__).parents[1]
PAGE = (SAMRUN / "docs/testing.md").read_text()
TESTS = (SAMRUN / "tests/apps/tested/tests/test_welcome.py").read_text()


def example(document: str) -> str:
    [block] = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    return str(block[block.index("def test_") :])


def test_examples_are_a_test_that_passes() -> None:
    for document in (PAGE, (SAMRUN / "README.md").read_text()):
        assert example(document) in TESTS


def test_methods_that_the_page_names_exist() -> None:
    table = PAGE.partition("## What a test can do")[2].partition("## ")[0]
    calls = re.findall(r"`(\w+)\(", table)
    assert len(calls) > 10
    assert [name for name in [*calls, "http"] if not hasattr(RunningStack, name)] == []


def test_settings_that_the_page_names_exist() -> None:
    declared: list[str] = []

    class Parser:
        def addini(self, name: str, *_: object, **__: object) -> None:
            declared.append(name)

    pytest_addoption(Parser())  # type: ignore[arg-type]
    assert re.findall(r"^(samrun_\w+) = ", PAGE, re.MULTILINE) == declared


def test_metrics_that_the_page_names_exist() -> None:
    source = (SAMRUN / "src/samrun/control/metrics.py").read_text()
    named = re.findall(r"`(samrun_\w+?)(?:_total)?`", PAGE.partition("## Metrics")[2])
    assert sorted(named) == sorted(set(re.findall(r'"(samrun_\w+)"', source)))
