"""Checker of `make chaos`, shown bugs: each is planted into a copy of the project, which then runs with a few faults.

`make chaos` itself is the control: without a bug, the same checker finds nothing.
"""

import shutil
from pathlib import Path

import pytest

from tests.project import ROOT
from tests.tools.chaos.planted_bugs import BUGS, SECONDS, PlantedBug
from tools.chaos.chaos_run import RunResult, RunSettings, run_chaos
from tools.chaos.project_copy import copy_project, plant

pytestmark = pytest.mark.proof

SEED = 1
# Seconds: the relay takes events that are 12 s old, and the load goes on for a while after healing.
PATIENCE, RELAY_PAUSE = SECONDS + 20.0, 3.0


def run(folder: Path, bug: PlantedBug) -> RunResult:
    settings = RunSettings(
        seed=SEED,
        seconds=SECONDS,
        faults=bug.faults,
        patience=PATIENCE,
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
    result = run(tmp_path, bug)
    assert bug.caught_as in {violation.kind for violation in result.violations}, result.violations
