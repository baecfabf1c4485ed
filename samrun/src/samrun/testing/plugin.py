"""Plugin of pytest: the fixture `samrun` is a stack of the project's template, reset before each test.

pytest loads it wherever samrun is installed, so it imports the rest of samrun only with the first use of a fixture.
Settings of pytest (in pyproject.toml or pytest.ini):

    samrun_templates    templates, from pytest's rootdir (default: template.yaml)
    samrun_options      further options of `samrun up`
    samrun_patience     seconds after which a test waits in vain (default: 90)
"""

from __future__ import annotations

import math
import shlex
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from samrun.testing.stack import RunningStack

_MISSING = """No such template: {missing}
pytest's rootdir is {root}. It is the folder of the pyproject.toml that pytest finds, above the tests, if that has a
table [tool.pytest.ini_options]. In that table, samrun_templates = "PATH" names the template, from the rootdir on."""
# The failure of each test that needs a stack which did not start, and whether a report has it already.
_NO_STACK = pytest.StashKey[BaseException]()
_IS_SAID = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the settings."""
    parser.addini(
        "samrun_templates", "SAM templates that the fixture samrun runs", type="args", default=["template.yaml"]
    )
    parser.addini("samrun_options", "further options of `samrun up` for the fixture samrun", default="")
    parser.addini("samrun_patience", "seconds after which a wait of the fixture samrun has failed")


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings. Raises UsageError, which ends pytest, before any test waits for a stack."""
    _patience(config)
    _options(config)


@pytest.fixture(scope="session")
def samrun_stack(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Yield a stack of the project's templates, on free ports and with data of its own, until the tests end."""
    from samrun.testing.stack import RunningStack, StackEndedError
    from samrun.testing.stack_client import WaitError

    root, templates = pytestconfig.rootpath, pytestconfig.getini("samrun_templates")
    if missing := [str(root / each) for each in templates if not (root / each).exists()]:
        _fail(pytestconfig, _MISSING.format(missing=", ".join(missing), root=root))
    patience = _patience(pytestconfig)
    try:
        with RunningStack(
            root,
            tmp_path_factory.mktemp("samrun") / "data",
            templates=templates,
            options=_options(pytestconfig),
            own_packages=True,
        ) as stack:
            stack.patience = stack.patience if patience is None else patience
            yield stack
    except (StackEndedError, WaitError) as error:
        _fail(pytestconfig, str(error))  # what the stack printed is enough


def _patience(config: pytest.Config) -> float | None:
    """Return the seconds of the setting `samrun_patience`; None without it. Raises UsageError."""
    text = config.getini("samrun_patience")
    if not text:
        return None
    try:
        patience = float(text)
    except ValueError:
        patience = math.nan
    if not 0 < patience < math.inf:
        raise pytest.UsageError(f"samrun_patience is {text!r}: write a number of seconds, such as 20")
    return patience


def _options(config: pytest.Config) -> list[str]:
    """Return the words of the setting `samrun_options`. Raises UsageError."""
    text = config.getini("samrun_options")
    try:
        return shlex.split(text)
    except ValueError as error:
        raise pytest.UsageError(f"samrun_options is {text!r}, which no shell could read: {error}") from error


def _fail(config: pytest.Config, text: str) -> NoReturn:
    """Fail each test that needs the stack, without a traceback of samrun's own code."""
    config.stash[_NO_STACK] = pytest.fail.Exception(text, pytrace=False)
    raise config.stash[_NO_STACK] from None


@pytest.fixture
def samrun(samrun_stack: RunningStack) -> RunningStack:
    """Return the stack, without what earlier tests left. After a test, what it left can be looked at."""
    samrun_stack.reset()
    return samrun_stack


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the stack has printed to the report of a test that failed.

    A stack that did not start fails each test that needs it; only the first report says why.
    """
    report = yield
    if call.excinfo is not None and call.excinfo.value is item.config.stash.get(_NO_STACK, None):
        if item.config.stash.get(_IS_SAID, False):
            report.longrepr = "There is no stack: the first test that needs it says why."
        item.config.stash[_IS_SAID] = True
    stack = getattr(item, "funcargs", {}).get("samrun")
    # A wait that failed has it already.
    if stack is not None and report.when == "call" and report.failed and not _is_wait_error(call):
        report.sections.append(("samrun since the last reset", stack.timeline()))
    return report


def _is_wait_error(call: pytest.CallInfo[None]) -> bool:
    return call.excinfo is not None and call.excinfo.typename == "WaitError"
