"""The order of work: what takes longest starts first, so that in the end no worker waits for another."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LONGEST_FIRST = ("system", "sam", "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _rank(item.path.relative_to(TESTS).parts[0]))


def _rank(area: str) -> int:
    return LONGEST_FIRST.index(area) if area in LONGEST_FIRST else len(LONGEST_FIRST)
