"""Checker of `make chaos`, shown bugs: each is planted into a copy of the project, which then runs with a few faults.

The controls run without a bug, once without faults and once with the faults of all bugs: the checker finds none.
"""

import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.project import ROOT
from tests.tools.chaos.planted_bugs import BUGS, SECONDS, PlantedBug, faults_of_all
from tools.chaos.chaos_run import RunResult, RunSettings, run_chaos
from tools.chaos.checker import MAX_BACKLOG
from tools.chaos.fault_plan import Fault
from tools.chaos.project_copy import copy_project, plant

pytestmark = pytest.mark.proof

SEED = 1
# Seconds: the relay takes events that are 12 s old, and the load goes on for a while after healing.
PATIENCE, RELAY_PAUSE = SECONDS + 20.0, 3.0


def run(folder: Path, faults: Sequence[Fault], *, patience: float) -> RunResult:
    settings = RunSettings(
        seed=SEED,
        seconds=max((math.ceil(fault.at / SECONDS) for fault in faults), default=1) * SECONDS,
        faults=faults,
        patience=patience,
        relay_pause=RELAY_PAUSE,
        variables={"PYTHONPATH": str(folder / "samrun" / "src")},
    )
    return run_chaos(folder, folder / "project", settings)


def copy_all(folder: Path) -> None:
    copy_project(folder / "project")
    shutil.copytree(ROOT / "samrun" / "src", folder / "samrun" / "src", ignore=shutil.ignore_patterns("__pycache__"))


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_checker_catches_a_planted_bug(tmp_path: Path, bug: PlantedBug) -> None:
    copy_all(tmp_path)
    plant(tmp_path / ("samrun" if bug.file.startswith("src/") else "project"), bug.file, bug.text, bug.replacement)
    result = run(tmp_path, bug.faults, patience=PATIENCE)
    assert bug.caught_as in {violation.kind for violation in result.violations}, result.violations


def test_checker_finds_nothing_without_faults_and_without_a_bug(tmp_path: Path) -> None:
    copy_all(tmp_path)
    assert run(tmp_path, (), patience=MAX_BACKLOG).violations == []


def test_checker_finds_none_of_the_bugs_under_their_faults_without_a_bug(tmp_path: Path) -> None:
    copy_all(tmp_path)
    result = run(tmp_path, list(faults_of_all()), patience=MAX_BACKLOG)
    assert result.history.faults
    # Not "no service": the share of the payments that are told yes depends on how fast the machine starts samrun again.
    caught = {bug.caught_as for bug in BUGS if bug.faults}
    assert [violation for violation in result.violations if violation.kind in caught] == []
