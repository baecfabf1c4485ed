"""Plugin of pytest: the fixture `samrun` is a stack of the project's template, reset before each test.

pytest loads it wherever samrun is installed, so it imports the rest of samrun only with the first use of a fixture.
Settings of pytest (in pyproject.toml or pytest.ini):

    samrun_templates    templates, from pytest's rootdir (default: template.yaml)
    samrun_options      further options of `samrun up`
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from samrun.testing.stack import RunningStack


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the settings."""
    parser.addini(
        "samrun_templates", "SAM templates that the fixture samrun runs", type="args", default=["template.yaml"]
    )
    parser.addini("samrun_options", "further options of `samrun up` for the fixture samrun", default="")


@pytest.fixture(scope="session")
def samrun_stack(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Yield a stack of the project's templates, on free ports and with data of its own, until the tests end."""
    from samrun.testing.stack import RunningStack

    with RunningStack(
        pytestconfig.rootpath,
        tmp_path_factory.mktemp("samrun") / "data",
        templates=pytestconfig.getini("samrun_templates"),
        options=shlex.split(pytestconfig.getini("samrun_options")),
        own_packages=True,
    ) as stack:
        yield stack


@pytest.fixture
def samrun(samrun_stack: RunningStack) -> RunningStack:
    """Return the stack, without what earlier tests left. After a test, what it left can be looked at."""
    samrun_stack.reset()
    return samrun_stack


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the stack has printed to the report of a test that failed."""
    report = yield
    stack = getattr(item, "funcargs", {}).get("samrun")
    # A wait that failed has it already.
    if stack is not None and report.when == "call" and report.failed and not _is_wait_error(call):
        report.sections.append(("samrun since the last reset", stack.timeline()))
    return report


def _is_wait_error(call: pytest.CallInfo[None]) -> bool:
    return call.excinfo is not None and call.excinfo.typename == "WaitError"
