"""The pytest plugin, as an application's developers use it: samrun/tests/apps/tested is such an application."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

APP = Path(__file__).parents[1] / "apps" / "tested"
FAILING = """
from samrun.testing.stack import RunningStack

def test_that_fails(samrun: RunningStack) -> None:
    samrun.produce("registrations", {"email": "ada@example.com", "name": "Ada"}, partition=2)
    samrun.wait_for_invocation("Welcome")
    assert samrun.mails() == "nothing of that kind"
"""


def run_pytest(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    command = [sys.executable, "-m", "pytest", "-c", str(project / "pyproject.toml"), "--rootdir", str(project)]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_tests_of_an_application_pass_and_one_that_fails_shows_what_happened(tmp_path: Path) -> None:
    failing = tmp_path / "test_that_fails.py"
    failing.write_text(FAILING)
    ended = run_pytest(APP, str(APP / "tests"), str(failing))
    assert "1 failed, 19 passed" in ended.stdout, ended.stdout
    shown = ended.stdout[ended.stdout.index("samrun since the last reset") :]
    assert "registrations-2@" in shown
    assert "→ Welcome" in shown
    assert "registrations-0@" not in shown  # of an earlier test


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["-o", "samrun_templates=pyproject.toml"], "pyproject.toml"),
        (["-o", "samrun_options=--parameter-overrides Missing=1"], "Missing"),
    ],
)
def test_stack_that_cannot_start_says_why(arguments: list[str], reason: str) -> None:
    ended = run_pytest(APP, str(APP / "tests"), "-x", *arguments)
    assert "the stack ended with 1" in ended.stdout
    assert reason in ended.stdout[ended.stdout.index("the stack ended with 1") :]
    assert "plugin.py" not in ended.stdout  # no traceback of samrun's own code


def test_template_that_is_missing_is_named_with_the_folder_where_it_was_looked_for() -> None:
    ended = run_pytest(APP, str(APP / "tests"), "-x", "-o", "samrun_templates=missing.yaml")
    assert f"No such template: {APP / 'missing.yaml'}\npytest's rootdir is {APP}." in ended.stdout
    assert "Traceback" not in ended.stdout
    assert "plugin.py" not in ended.stdout


def test_reason_why_there_is_no_stack_is_said_once() -> None:
    ended = run_pytest(APP, str(APP / "tests"), "-o", "samrun_templates=pyproject.toml", "-rN")
    assert "19 errors" in ended.stdout
    assert ended.stdout.count("the stack ended with 1") == 1
    assert ended.stdout.count("There is no stack: the first test that needs it says why.") == 18


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("samrun_patience=soon", "samrun_patience is 'soon': write a number of seconds, such as 20"),
        ("samrun_patience=-1", "samrun_patience is '-1': write a number of seconds, such as 20"),
        ("samrun_options=--data 'x", "which no shell could read: No closing quotation"),
    ],
)
def test_setting_that_cannot_be_read_is_an_error_of_usage(setting: str, reason: str) -> None:
    ended = run_pytest(APP, str(APP / "tests"), "-o", setting)
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert reason in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


def test_wait_ends_after_the_patience_of_the_settings(tmp_path: Path) -> None:
    impatient = tmp_path / "test_impatient.py"
    impatient.write_text("def test_impatient(samrun):\n    samrun.wait_for_mail(to='nobody@example.com')\n")
    ended = run_pytest(APP, str(impatient), "-o", "samrun_patience=0.5")
    assert "waited 0.5 s in vain for a mail to nobody@example.com" in ended.stdout, ended.stdout
