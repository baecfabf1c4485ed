"""Secrets in the files and in the history of a repository, as Kingfisher's rules find them. It calls no service."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

# Without validation: it would send each secret to the service that it looks like.
_OPTIONS = ("--no-validate", "--no-update-check", "--redact", "--quiet", "--format", "json")
_FOUND = 200


class SecretScanError(Exception):
    """The scan did not come to its end; the message says why."""


def secret_findings(repository: Path, kingfisher: Path) -> list[str]:
    """Return a line for each secret in a repository's files (those that git ignores aside) and in its history."""
    listed = _git(repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    files = [name for name in listed.split("\0") if name and (repository / name).is_file()]
    # The common folder: a worktree's own has no history, and the scanner would say that there is none.
    history = _git(repository, "rev-parse", "--path-format=absolute", "--git-common-dir").strip()
    with tempfile.TemporaryDirectory() as copy:
        # One folder is scanned in a second; each file by its name, in ten.
        for name in files:
            (target := Path(copy, name)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(repository / name, target)
        now = _scan(Path(copy), kingfisher, ["--git-history", "none", "."])
    before = _scan(repository, kingfisher, [history])
    return sorted({*map(_line, now), *map(_line, before)})


def _scan(folder: Path, kingfisher: Path, arguments: Sequence[str]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [str(kingfisher.absolute()), "scan", *_OPTIONS, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in {os.EX_OK, _FOUND}:
        raise SecretScanError(f"kingfisher ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    # A line with the report, and one with its sums.
    report = json.loads(done.stdout.splitlines()[0])
    scanned = report["audit"]["summary"]
    if scanned["scan_succeeded"] != scanned["discovered"] or scanned["discovered"] == 0:
        raise SecretScanError(f"kingfisher could not read everything: {scanned}")
    findings: list[dict[str, Any]] = report["findings"]
    return findings


def _line(found: dict[str, Any]) -> str:
    finding = found["finding"]
    commit = finding.get("git_metadata", {}).get("commit", {}).get("id")
    place = f"{finding['path'].removeprefix('./')}:{finding['line']}" + (f", commit {commit[:12]}" if commit else "")
    return (
        f"{place}: {found['rule']['name']}. Revoke it where it is valid, then remove it. If it only looks like a "
        "secret, write `kingfisher:ignore` into a comment of its line, with the reason"
    )


def _git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=repository, capture_output=True, text=True, check=False)  # noqa: S607
    if done.returncode != os.EX_OK:
        raise SecretScanError(f"git {arguments[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout
