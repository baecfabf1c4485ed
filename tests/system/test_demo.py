"""The demo, as a newcomer runs it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.running import PATIENCE, ROOT


@pytest.fixture
def checkout(project: Path) -> Path:
    """A copy of the project with its sample events, so that the demo's data does not land in the real one."""
    shutil.copytree(ROOT / "events", project / "events")
    return project


def _demo(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.demo"],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_the_demo_shows_every_sample_order_and_its_mail(checkout: Path) -> None:
    ran = _demo(checkout)
    assert ran.returncode == 0, ran.stderr
    table = ran.stdout[ran.stdout.index("ORDER ") :].strip().splitlines()
    samples = sorted((checkout / "events" / "api").glob("create-order-*.json"))
    assert len(table) == 1 + len(samples)
    for sample, row in zip(samples, table[1:], strict=True):
        order = json.loads(json.loads(sample.read_text())["body"])
        assert order["customer"]["name"] in row
        assert order["currency"] in row


def test_the_demo_fails_with_the_reason(checkout: Path) -> None:
    sample = checkout / "events" / "api" / "create-order-ada.json"
    sample.write_text(sample.read_text().replace("EUR", "EURO"))
    ran = _demo(checkout)
    assert ran.returncode == 1
    assert "create-order-ada.json: the order was answered with 422" in ran.stderr
    assert "currency" in ran.stderr
    assert "Traceback" not in ran.stderr
