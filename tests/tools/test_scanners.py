"""Scanners of `make supply-chain`: each finds a fault that is planted, and says if it could not look."""

from __future__ import annotations

import json
import random
import shutil
import string
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.project import ROOT
from tools.supply_chain import __main__ as tool
from tools.supply_chain.artifacts import LOCK_FILES
from tools.supply_chain.secrets import SecretScanError, secret_findings
from tools.supply_chain.vulnerabilities import audit
from tools.supply_chain.workflows import WorkflowScanError, workflow_findings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KINGFISHER, ZIZMOR, PIP_AUDIT = (tool.SCANNERS / name for name in ("kingfisher", "zizmor", "pip-audit"))
NOWHERE = "http://127.0.0.1:9"


def git(repository: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=repository, check=True, capture_output=True)  # noqa: S607


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a workflow of this project, and lock files with one package."""
    folder = tmp_path / "repository"
    shutil.copytree(ROOT / ".github", folder / ".github")
    for name in LOCK_FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "samrun" / "action.yml", folder / "samrun")
    for name in LOCK_FILES:
        (folder / name).write_text(f"six==1.17.0 \\\n    --hash=sha256:{'0' * 64}\n")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "The first one")
    return folder


def secret() -> str:
    """Return a text that looks like a token of a Slack bot. No file here has it."""
    choose = random.Random(4).choices  # noqa: S311 - it is no secret
    return f"xoxb-{''.join(choose(string.digits, k=12))}-{''.join(choose(string.digits, k=12))}-" + "".join(
        choose(string.ascii_letters, k=24)
    )


def test_planted_secret_is_found_and_not_printed_and_a_line_with_a_reason_is_none(repository: Path) -> None:
    (repository / "settings.env").write_text(f"# Slack\nTOKEN={secret()}\n")
    (repository / "example.env").write_text(f"TOKEN={secret()}  # kingfisher:ignore - of a test\n")
    [finding] = secret_findings(repository, KINGFISHER)
    assert finding.startswith("settings.env:2: slack-bot-token. ")
    assert secret() not in finding


def test_secret_that_was_removed_is_found_in_the_history_also_from_a_worktree(repository: Path) -> None:
    (repository / "settings.env").write_text(f"TOKEN={secret()}\n")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", "With a secret")
    git(repository, "rm", "--quiet", "settings.env")
    git(repository, "commit", "--quiet", "--message", "Without it")
    git(repository, "worktree", "add", "--quiet", "../worktree")
    for folder in (repository, repository.parent / "worktree"):
        [finding] = secret_findings(folder, KINGFISHER)
        assert finding.startswith("settings.env:1, commit ")


def test_file_that_git_ignores_is_not_scanned_and_one_that_is_new_is(repository: Path) -> None:
    (repository / ".gitignore").write_text("ignored.env\n")
    (repository / "ignored.env").write_text(f"TOKEN={secret()}\n")
    (repository / "new.env").write_text(f"TOKEN={secret()}\n")
    [finding] = secret_findings(repository, KINGFISHER)
    assert finding.startswith("new.env:1: ")


def test_scan_of_no_repository_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SecretScanError, match="git ls-files ended with"):
        secret_findings(tmp_path, KINGFISHER)


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@main", "unpinned-uses"),
        ("run: .ci/run", 'run: echo "${{ github.event.pull_request.title }}"', "template-injection"),
        ("{persist-credentials: false, fetch-depth: 0}", "{fetch-depth: 0}", "artipacked"),
        ("  contents: read", "  contents: write", "excessive-permissions"),
    ],
)
def test_planted_fault_of_a_workflow_is_found(repository: Path, before: str, after: str, fault: str) -> None:
    assert workflow_findings([repository / each for each in tool.WORKFLOWS], ZIZMOR) == []
    checks = repository / ".github/workflows/checks.yml"
    assert before in checks.read_text()
    checks.write_text(checks.read_text().replace(before, after))
    findings = workflow_findings([repository / each for each in tool.WORKFLOWS], ZIZMOR)
    assert fault in {finding.split(": ")[1].partition(",")[0] for finding in findings}
    assert all(".github/workflows/checks.yml:" in finding for finding in findings)


def test_input_that_an_action_writes_into_a_script_is_found(repository: Path) -> None:
    action = repository / "samrun" / "action.yml"
    action.write_text(action.read_text().replace('"$TEMPLATE"', "${{ inputs.template }}"))
    findings = workflow_findings([repository / each for each in tool.WORKFLOWS], ZIZMOR)
    assert [finding.split(": ")[1].partition(",")[0] for finding in findings] == ["template-injection"]
    assert "samrun/action.yml:" in findings[0]


def test_folder_without_workflows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WorkflowScanError, match="zizmor ended with"):
        workflow_findings([tmp_path / "missing"], ZIZMOR)


def pip_audit_that_answers(folder: Path, *dependencies: object) -> Path:
    """Write a program in place of pip-audit that answers in its form: no test asks PyPI for its data."""
    answer = folder / "answer.json"
    answer.write_text(json.dumps({"dependencies": dependencies, "fixes": []}))
    program = folder / "pip-audit"
    program.write_text(f"#!/bin/sh\ncat {answer}\n")
    program.chmod(0o755)
    return program


def test_known_vulnerability_is_named_with_the_version_that_repairs_it(repository: Path, tmp_path: Path) -> None:
    known = {"id": "PYSEC-1", "fix_versions": ["2.0"], "aliases": [], "description": "It leaks."}
    program = pip_audit_that_answers(
        tmp_path, {"name": "six", "version": "1.0", "vulns": [known]}, {"name": "idna", "version": "3", "vulns": []}
    )
    audited = audit([repository / LOCK_FILES[0]], program)
    assert audited.findings == ("requirements.txt: six 1.0 has PYSEC-1, fixed in 2.0",)
    assert audited.not_audited == ()


def test_lock_file_of_which_the_data_know_nothing_was_not_audited(repository: Path, tmp_path: Path) -> None:
    """pip-audit itself succeeds then."""
    program = pip_audit_that_answers(tmp_path, {"name": "six", "skip_reason": "Dependency not found on PyPI"})
    lock_files = [repository / name for name in LOCK_FILES]
    audited = audit(lock_files, program)
    assert audited.not_audited == tuple(lock_files)
    assert audited.reason == "the data that it reaches know nothing of 1 of 1 packages of requirements.txt"


def test_audit_without_a_network_was_not_made(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", NOWHERE)
    lock_files = [repository / name for name in LOCK_FILES]
    audited = audit(lock_files, PIP_AUDIT)
    assert (audited.findings, audited.not_audited) == ((), tuple(lock_files))
    assert audited.reason.startswith("pip-audit ended with 1: ")


@pytest.fixture
def run_check(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[], tuple[int, str]]:
    """Runner of all checks on the repository, without a network: returns the exit status and what was printed."""
    monkeypatch.setenv("HTTPS_PROXY", NOWHERE)
    monkeypatch.delenv(tool.REQUIRED, raising=False)

    def run() -> tuple[int, str]:
        return tool.check(repository), capsys.readouterr().out

    return run


def test_check_says_what_it_could_not_check_and_never_counts_it_as_passed(
    run_check: Callable[[], tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, said = run_check()
    assert status == 0
    assert (
        f"NOT CHECKED for vulnerabilities: {len(LOCK_FILES)} of {len(LOCK_FILES)} lock files; pip-audit ended with 1: "
        in said
    )
    assert "vulnerabilities: none found" not in said
    monkeypatch.setenv(tool.REQUIRED, "1")
    assert run_check()[0] == 1


def test_check_fails_if_a_scanner_finds_something(repository: Path, run_check: Callable[[], tuple[int, str]]) -> None:
    (repository / "settings.env").write_text(f"TOKEN={secret()}\n")
    status, said = run_check()
    assert status == 1
    assert "secrets: 1 found\n  settings.env:1: slack-bot-token" in said
