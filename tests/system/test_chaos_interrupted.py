"""`make chaos`, interrupted while it runs: it ends everything that it started, and says how to repeat the run."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from samrun.testing.waiting import eventually
from tests.project import ROOT

pytestmark = pytest.mark.proof


def test_interrupted_chaos_leaves_no_process(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as output:
        chaos = subprocess.Popen(
            [sys.executable, "-m", "tools.chaos", "--minutes", "1", "--seed", "7", "--data", str(tmp_path)],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        eventually(lambda: "the stack runs" in log.read_text(), what="the stack of make chaos")
        started = psutil.Process(chaos.pid).children(recursive=True)
        assert len(started) > 3  # three services, and samrun with its functions
        chaos.send_signal(signal.SIGINT)
        eventually(lambda: chaos.poll() is not None, what="the end of make chaos")
    except AssertionError as error:
        chaos.send_signal(signal.SIGABRT)  # it prints the stack of each thread
        chaos.wait()
        raise AssertionError(log.read_text()) from error
    assert chaos.returncode == 130, log.read_text()
    assert re.search(r"To repeat it: make chaos MINUTES=1 SEED=7$", log.read_text(), re.MULTILINE)
    eventually(lambda: not any(each.is_running() for each in started), what="the processes to end")
