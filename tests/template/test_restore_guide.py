"""Commands in docs/operations.md that restore a table, and commands that have to run on macOS too."""

import re
from pathlib import Path

import pytest

from tests.project import ROOT

OPERATIONS = (ROOT / "docs/operations.md").read_text()
RESTORE = OPERATIONS.partition("## Restoring a table")[2].partition("\n## ")[0]


def _step(number: int) -> str:
    return RESTORE.partition(f"**{number}. ")[2].partition(f"**{number + 1}. ")[0]


def test_whatever_a_restore_stops_is_started_again() -> None:
    stopped = re.findall(r'put-function-concurrency --function-name "(.+?)" --reserved', _step(1))
    assert len(stopped) == 3, "order, relay and feedback"
    assert stopped == re.findall(r'delete-function-concurrency --function-name "(.+?)"\s', _step(5))
    assert "--no-enabled" in _step(1)
    assert "--enabled" in _step(5)


def test_log_line_that_names_the_cancelled_orders_is_the_codes() -> None:
    [message] = re.findall(r'filter message = "(.+?)"', _step(6))
    assert f'logger.info("{message}", order_id=' in (ROOT / "functions/order/handlers/api.py").read_text()


@pytest.mark.parametrize("guide", sorted((ROOT / "docs").glob("*.md")), ids=lambda guide: guide.stem)
def test_base64_is_called_without_the_option_that_gnu_alone_has(guide: Path) -> None:
    assert not re.search(r"base64 (-w|--wrap)", guide.read_text())
