"""The plugin behind `make test-fast`: a test that starts a process fails, wherever it starts one."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import ROOT

pytestmark = pytest.mark.processes

TESTS = """
import os
import subprocess
import sys
import threading

import pytest

COMMAND = [sys.executable, "-c", ""]

@pytest.fixture
def started():
    yield subprocess.run(COMMAND, check=True)

def test_in_the_test():
    subprocess.run(COMMAND, check=True)

def test_in_a_fixture(started):
    assert started

def test_in_a_thread():
    thread = threading.Thread(target=lambda: os.waitpid(os.posix_spawn(COMMAND[0], COMMAND, os.environ), 0))
    thread.start()
    thread.join()

def test_nowhere():
    assert COMMAND
"""


@pytest.mark.parametrize(
    ("options", "summary"),
    [(["--no-processes"], "4 passed, 3 errors in"), ([], "4 passed in")],
    ids=["refused", "allowed"],
)
def test_a_test_that_starts_a_process_is_an_error_if_asked_for(
    options: list[str], summary: str, tmp_path: Path
) -> None:
    (tmp_path / "test_processes.py").write_text(TESTS)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.no_processes", "--rootdir", tmp_path, *options, tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert summary in ran.stdout, ran.stdout + ran.stderr
    if options:
        assert "Mark this test with `processes`: subprocess.Popen" in ran.stdout
        assert "Mark this test with `processes`: os.posix_spawn" in ran.stdout
