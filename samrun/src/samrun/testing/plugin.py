"""Plugin of pytest: the fixture `samrun` is a stack of the project's template, reset before each test.

pytest loads it wherever samrun is installed, so it imports the rest of samrun only with the first use of a fixture.
Settings of pytest (in pyproject.toml or pytest.ini):

    samrun_templates    templates, from pytest's rootdir (default: template.yaml)
    samrun_options      further options of `samrun up`
    samrun_patience     seconds after which a test waits in vain (default: 90)
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from samrun.testing.stack import RunningStack

_MISSING = """No such template: {missing}
pytest's rootdir is {root}. It is the folder of the pyproject.toml that pytest finds, above the tests, if that has a
table [tool.pytest.ini_options]. In that table, samrun_templates = "PATH" names the template, from the rootdir on."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the settings."""
    parser.addini(
        "samrun_templates", "SAM templates that the fixture samrun runs", type="args", default=["template.yaml"]
    )
    parser.addini("samrun_options", "further options of `samrun up` for the fixture samrun", default="")
    parser.addini("samrun_patience", "seconds after which a wait of the fixture samrun has failed")


@pytest.fixture(scope="session")
def samrun_stack(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Yield a stack of the project's templates, on free ports and with data of its own, until the tests end."""
    from samrun.testing.stack import RunningStack, StackEndedError

    root, templates = pytestconfig.rootpath, pytestconfig.getini("samrun_templates")
    if missing := [str(root / each) for each in templates if not (root / each).exists()]:
        pytest.fail(_MISSING.format(missing=", ".join(missing), root=root), pytrace=False)
    try:
        with RunningStack(
            root,
            tmp_path_factory.mktemp("samrun") / "data",
            templates=templates,
            options=shlex.split(pytestconfig.getini("samrun_options")),
            own_packages=True,
        ) as stack:
            if patience := pytestconfig.getini("samrun_patience"):
                stack.patience = float(patience)
            yield stack
    except StackEndedError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None  # what the stack printed is enough


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
