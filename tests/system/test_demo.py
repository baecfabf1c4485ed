"""The demo, as a newcomer runs it."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from samrun.testing.waiting import PATIENCE
from tests.project import ROOT


@pytest.fixture
def checkout(project: Path) -> Path:
    """A copy of the project, so that the demo's data does not land in the real one."""
    return project


@contextlib.contextmanager
def _started(checkout: Path, *options: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Yield a demo that runs; end it if the test has failed before its end."""
    with subprocess.Popen(
        [sys.executable, "-m", "tools.demo", *options],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        try:
            yield demo
        finally:
            demo.kill()


def _demo(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    with _started(checkout, **environment) as demo:
        output, errors = demo.communicate(timeout=PATIENCE)
    return subprocess.CompletedProcess(demo.args, demo.returncode, output, errors)


def _wait_for_kafka(demo: subprocess.Popen[str]) -> None:
    assert demo.stdout
    while "started Kafka" not in (line := demo.stdout.readline()):
        assert line, "it ended too soon"


def test_the_demo_shows_every_sample_order_and_its_mail_and_leaves_the_data_of_another_alone(checkout: Path) -> None:
    with _started(checkout) as other:
        _wait_for_kafka(other)
        # Behind a proxy too: what is on this machine is not asked through it. (Maven's repository has HTTPS_PROXY.)
        ran = _demo(checkout, HTTP_PROXY="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9")
        assert ran.returncode == 0, ran.stderr
        _, errors = other.communicate(timeout=PATIENCE)
    assert other.returncode == 0, errors
    assert list((checkout / ".local").iterdir()) == []
    table = ran.stdout[ran.stdout.index("ORDER ") :].strip().splitlines()
    samples = sorted((checkout / "events" / "api").glob("create-order-*.json"))
    assert table[1 + len(samples) :] == [], "no line of the log comes after the table"
    assert len(table) == 1 + len(samples)
    for sample, row in zip(samples, table[1:], strict=True):
        order = json.loads(json.loads(sample.read_text())["body"])
        assert order["customer"]["name"] in row
        assert order["currency"] in row


def test_the_demo_can_leave_the_stack_up(checkout: Path) -> None:
    with _started(checkout, "--leave-up") as demo:
        assert demo.stdout
        said = ""
        while not (found := re.search(r"until Ctrl-C\. Its inbox: (\S+)", said)):
            line = demo.stdout.readline()
            assert line, f"it ended too soon:\n{said}"
            said += line
        samples = list((checkout / "events" / "api").glob("create-order-*.json"))
        assert "ORDER " in said
        mails = httpx.get(f"{found[1]}/api/v1/messages", trust_env=False).json()["messages"]
        assert len(mails) == len(samples)
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 130
    assert list((checkout / ".local").iterdir()) == []


def test_the_demo_fails_with_the_reason(checkout: Path) -> None:
    sample = checkout / "events" / "api" / "create-order-ada.json"
    sample.write_text(sample.read_text().replace("EUR", "EURO"))
    ran = _demo(checkout)
    assert ran.returncode == 1
    assert "create-order-ada.json: the order was answered with 422" in ran.stderr
    assert "currency" in ran.stderr
    assert "Traceback" not in ran.stderr
    [folder] = (checkout / ".local").iterdir()
    assert (folder / "logs" / "kafka.log").exists(), "the logs tell more"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_demo_and_leaves_nothing(checkout: Path, number: int) -> None:
    with _started(checkout) as demo:
        _wait_for_kafka(demo)
        processes = psutil.Process(demo.pid).children(recursive=True)
        assert processes
        demo.send_signal(number)
        output, errors = demo.communicate(timeout=PATIENCE)
    assert (demo.returncode, errors) == (130, "")
    assert "Stopping the stack" in output
    assert psutil.wait_procs(processes, timeout=30)[1] == []
    assert list((checkout / ".local").iterdir()) == []


def test_the_demo_names_the_setting_that_is_wrong(checkout: Path) -> None:
    (checkout / "samconfig.toml").write_text("[default")
    ran = _demo(checkout)
    assert ran.returncode == 1
    assert "samconfig.toml is not valid TOML" in ran.stderr
    assert "Traceback" not in ran.stderr
