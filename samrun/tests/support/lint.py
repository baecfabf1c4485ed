"""Linters of a project: ruff, mypy and cfn-lint, as its own pyproject.toml configures them."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cfnlint.api import ManualArgs, lint


def lint_errors(project: Path, *, cache: Path) -> list[str]:
    """Return what the linters find in a project. mypy keeps what it knows of libraries in the folder `cache`."""
    return list(_errors(project, cache))


def _errors(project: Path, cache: Path) -> Iterator[str]:
    for command in (
        ["ruff", "format", "--check", "--no-cache", "."],
        ["ruff", "check", "--no-cache", "."],
        ["mypy", "--cache-dir", str(cache)],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=project, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            yield f"{' '.join(command)}: {done.stdout}{done.stderr}"
    template = (project / "template.yaml").read_text(encoding="utf-8")
    yield from (str(match) for match in lint(template, config=ManualArgs(regions=["us-east-1"])))
