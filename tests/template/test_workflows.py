"""GitHub's workflows: what they run exists, on versions that nobody can change under us."""

import re
from pathlib import Path

import pytest

from tests.project import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def test_there_are_workflows() -> None:
    assert [path.stem for path in WORKFLOWS] == ["checks", "deploy"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_to_a_commit(path: Path) -> None:
    text = path.read_text()
    uses = re.findall(r"uses: (.+)", text)
    assert uses
    assert [use for use in uses if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+", use)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_targets_of_make_exist(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    wanted = [target for line in re.findall(r"make (.+)", path.read_text()) for target in line.split()]
    assert wanted
    assert [target for target in wanted if not re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE)] == []
