"""The pinned requirements: what is installed is what was locked, wherever it is fetched from."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OF_FUNCTIONS = ("functions/order/requirements.txt", "functions/notify/requirements.txt")
FILES = ("requirements.lock", "requirements-sam.lock", "requirements-checkov.lock", *OF_FUNCTIONS)
# name[extras]==version ; marker --hash=… --hash=…
PINNED_AND_HASHED = re.compile(r"[\w.-]+(\[[\w, -]+\])?==[\w.+!-]+( ; [^/]+?)?( --hash=sha256:[0-9a-f]{64})+")


def _requirements(name: str) -> set[str]:
    joined = re.sub(r" \\\n +", " ", (ROOT / name).read_text())
    return {line for line in joined.splitlines() if not line.startswith("#")}


@pytest.mark.parametrize("name", FILES)
def test_a_lock_file_is_of_pinned_and_hashed_requirements_only(name: str) -> None:
    requirements = _requirements(name)
    assert requirements
    assert [line for line in requirements if not PINNED_AND_HASHED.fullmatch(line)] == []


@pytest.mark.parametrize("name", FILES)
def test_a_lock_file_names_no_index(name: str) -> None:
    # In comments neither, where uv writes down the options that it was called with.
    assert re.findall("://|--index|--find-links", (ROOT / name).read_text()) == []


@pytest.mark.parametrize("name", OF_FUNCTIONS)
def test_a_function_is_deployed_with_the_versions_that_are_tested(name: str) -> None:
    assert _requirements(name) <= _requirements("requirements.lock")
