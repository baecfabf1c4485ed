"""A service of `samrun new`: its own tests pass as they stand, on a real Kafka."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from samrun.cli.command_line import run_command_line


@pytest.mark.parametrize("types", [(), ("member.joined.v1", "member.left.v1")], ids=["all types", "two types"])
def test_tests_of_a_new_consumer_pass(types: tuple[str, ...], tmp_path: Path) -> None:
    folder = tmp_path / "welcome"
    named = [word for each in types for word in ("--type", each)]
    arguments = ["new", "consumer", "welcome", "--topic", "members", *named, "--folder", str(folder)]
    assert run_command_line(arguments) == 0
    assert own_tests(folder) >= 8


def test_tests_of_a_new_producer_pass(tmp_path: Path) -> None:
    folder = tmp_path / "signups"
    arguments = ["new", "producer", "signups", "--topic", "member-events", "--folder", str(folder)]
    assert run_command_line(arguments) == 0
    assert own_tests(folder) >= 15


def own_tests(project: Path) -> int:
    """Run the tests of a project, with the packages of these tests; return how many have passed, which are all."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "samrun_options=--use-current-env"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [passed] = re.findall(r"^(\d+) passed in", done.stdout, re.MULTILINE)
    return int(passed)
