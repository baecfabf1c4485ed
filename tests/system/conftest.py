"""Stacks for the tests of the whole path."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.running import ROOT, RunningStack


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what a deployment is made of, which a test may change."""
    copy = tmp_path / "project"
    shutil.copytree(ROOT / "functions", copy / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture
def start(tmp_path: Path, project: Path) -> Iterator[Callable[..., RunningStack]]:
    """Starts stacks, on the same data folder unless told otherwise; ends what a test leaves running."""
    started: list[RunningStack] = []

    def start_one(*, data: str = "data", ready: bool = True, **options: Any) -> RunningStack:
        stack = RunningStack(project, tmp_path / data, **options)
        started.append(stack)
        if ready:
            stack.wait_until_ready()
        return stack

    yield start_one
    for stack in started:
        stack.kill()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """One stack for the tests that leave it as it was."""
    stack = RunningStack(ROOT, tmp_path_factory.mktemp("shared") / "data")
    try:
        stack.wait_until_ready()
        yield stack
        assert stack.stop() == os.EX_OK
    finally:
        stack.kill()
