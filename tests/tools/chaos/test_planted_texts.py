"""Planted bugs: each text that they replace is in its file, and each is another one."""

from pathlib import Path

import pytest

from tests.project import ROOT
from tests.tools.chaos.planted_bugs import BUGS, PlantedBug
from tools.chaos.project_copy import copy_project, plant


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_text_of_a_planted_bug_is_in_its_file_exactly_once(bug: PlantedBug) -> None:
    folder = ROOT / "samrun" if bug.file.startswith("src/") else ROOT
    assert (folder / bug.file).read_text(encoding="utf-8").count(bug.text) == 1


def test_bug_is_planted_into_the_copy_alone(tmp_path: Path) -> None:
    project, bug = copy_project(tmp_path / "project"), BUGS[0]
    plant(project, bug.file, bug.text, bug.replacement)
    original = (ROOT / bug.file).read_text(encoding="utf-8")
    assert (project / bug.file).read_text(encoding="utf-8") == original.replace(bug.text, bug.replacement)


def test_text_that_is_gone_is_an_error(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    with pytest.raises(ValueError, match=r"has 0 times: no such text"):
        plant(project, "template.yaml", "no such text", "")
