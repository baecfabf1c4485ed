"""Clocks of the environments: each process of a project with skewed clocks has one of its own."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from functions.notify.notifying.delivery import LEASE_MARGIN
from tools.chaos.clock_skew import MAX_SKEW, skew_clocks

PROGRAM = """
import datetime, json, time
from awslambdaric.lambda_context import LambdaContext
now = datetime.datetime.now(datetime.UTC)
context = LambdaContext("1", None, None, 2_000_000_000_000, None)
print(json.dumps([
    time.time(), now.timestamp(), datetime.datetime.utcnow().replace(tzinfo=datetime.UTC).timestamp(),
    isinstance(now, datetime.datetime), (now + datetime.timedelta(1)).isoformat(),
    context.get_remaining_time_in_millis() / 1000,
]))
"""


@pytest.mark.processes
def test_each_environment_has_a_clock_of_its_own_and_the_true_time_left(tmp_path: Path) -> None:
    skew_clocks(tmp_path, seed=3)
    skews = json.loads((tmp_path / ".clocks" / "skews.json").read_text())
    assert len(set(skews[:10])) > 1
    assert all(abs(skew) <= MAX_SKEW for skew in skews)
    for skew in skews[:2]:
        began = time.time()
        printed = subprocess.check_output([sys.executable, "-c", PROGRAM], env={"PYTHONPATH": str(tmp_path)}, text=True)
        ended = time.time()
        clock, now, utcnow, is_datetime, _, left = json.loads(printed)
        for shown in (clock, now, utcnow):
            assert began + skew - 0.001 <= shown <= ended + skew + 0.001
        assert is_datetime
        assert 2_000_000_000 - ended - 0.002 <= left <= 2_000_000_000 - began + 0.002


def test_clocks_differ_by_less_than_the_margin_of_the_leases() -> None:
    assert LEASE_MARGIN.total_seconds() > 2 * MAX_SKEW
