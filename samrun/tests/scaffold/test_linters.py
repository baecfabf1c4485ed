"""Linters find nothing in new services, whatever their names and types are."""

from pathlib import Path

import pytest

from support.lint import lint_errors
from support.new_services import VARIANTS, Variant, generated, written

# mypy reads all libraries if its cache is empty, so one process does it.
pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("linters-of-new-services")]


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_linters_find_nothing(variant: Variant, tmp_path: Path, mypy_cache: Path) -> None:
    folder = written(tmp_path / "service", generated(*variant, tmp_path))
    assert lint_errors(folder, cache=mypy_cache) == []


def test_linters_find_a_mistake(tmp_path: Path, mypy_cache: Path) -> None:
    files = generated(*VARIANTS["one type"], tmp_path)
    files["src/reviews/wrong.py"] = 'import os\n\nx: int = ""\n'
    files["template.yaml"] = files["template.yaml"].replace("Timeout: 30", "Timeout: 9000")
    found = "\n".join(lint_errors(written(tmp_path, files), cache=mypy_cache))
    assert "F401" in found
    assert "Incompatible types in assignment" in found
    assert "9000 is greater than the maximum" in found
