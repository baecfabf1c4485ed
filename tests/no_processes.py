"""Plugin of pytest: with `--no-processes`, as in `make test-fast`, a test that starts a process has failed."""

import os
import sys
from collections.abc import Generator

import pytest

# Python's audit events: https://docs.python.org/3/library/audit_events.html
STARTS = {"os.exec", "os.fork", "os.posix_spawn", "os.system", "subprocess.Popen"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-processes", action="store_true", help="fail tests that start a process")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--no-processes"):
        config.pluginmanager.register(StartedProcesses())


class StartedProcesses:
    """The processes that a test has started, whatever its threads do with an error: they start, and the test fails."""

    def __init__(self) -> None:
        self._started: list[str] = []
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[object, ...]) -> None:
        # pytest sets the variable in tests. Outside of them, it starts its own workers.
        if event in STARTS and "PYTEST_CURRENT_TEST" in os.environ:
            self._started.append(f"{event} {arguments[:2]}")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None, None, None]:
        try:
            return (yield)
        finally:
            started, self._started = self._started, []
            if started:
                pytest.fail(
                    f"`make test-fast` starts no process. Mark this test with `processes`: {'; '.join(started)}",
                    pytrace=False,
                )
