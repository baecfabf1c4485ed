"""Privacy: what a run of the function prints and traces names no person."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.notify.samples import NOTIFY_ENVIRONMENT, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TRACE = "1-6a02c9d2-5b1d3f0c9e8a7b6c5d4e3f2a"


class Run(NamedTuple):
    """The output of a run, line by line, and the traces that it has sent."""

    lines: list[str]
    traces: list[dict[str, Any]]

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines if line.startswith("{")]


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The sample batches, and one of an order: paid, cancelled, in an event of no known type, and in a broken one."""
    samples = sorted((ROOT / "events/kafka").glob("*.json"))
    batch = json.loads((ROOT / "events/kafka/msk.json").read_text())
    (paid,) = batch["records"]["order-events-0"]
    cancelled = json.loads((ROOT / "events/order.cancelled.v1.json").read_text())
    unknown = cancelled | {"type": "order.lost.v9"}
    broken = json.loads(base64.b64decode(paid["value"]))
    broken["data"]["order_id"] = broken["data"]["customer"]["email"]
    events = [json.dumps(event).encode() for event in (cancelled, unknown, broken)]
    values = [paid["value"], *(base64.b64encode(event).decode() for event in events)]
    batch["records"]["order-events-0"] = [
        {**paid, "offset": offset, "value": value} for offset, value in enumerate(values, start=7)
    ]
    path = tmp_path_factory.mktemp("batches") / "cancelled.json"
    path.write_text(json.dumps(batch))
    return [*samples, path]


@pytest.fixture(scope="module")
def run(batches: list[Path]) -> Iterator[Run]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        environment = NOTIFY_ENVIRONMENT | {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "LAMBDA_TASK_ROOT": str(ROOT),
            "POWERTOOLS_SERVICE_NAME": "notify",
            "_X_AMZN_TRACE_ID": f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1",
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            "REFUSED": "grace@example.com",
        }
        command = [sys.executable, "-m", "tests.notify.run_traced", *map(str, batches)]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        daemon.setblocking(False)
        yield Run(lines=(done.stdout + done.stderr).splitlines(), traces=list(_received(daemon)))


def _received(daemon: socket.socket) -> Iterator[dict[str, Any]]:
    while True:
        try:
            datagram = daemon.recv(65_536)
        except BlockingIOError:
            return
        _header, _, document = datagram.partition(b"\n")
        yield json.loads(document)


@pytest.fixture(scope="module")
def secrets(batches: list[Path]) -> set[str]:
    """All that the batches hold of people: names word by word, addresses, numbers, what was ordered, reasons."""
    found = set()
    for batch in batches:
        for records in json.loads(batch.read_text())["records"].values():
            for record in records:
                value = base64.b64decode(record["value"])
                if value.startswith(b"{"):
                    data = json.loads(value)["data"]
                    customer = data["customer"]
                    found |= {*customer["name"].split(), customer["email"], customer["phone"], customer["id"]}
                    found |= {item["name"] for item in data["items"]}
                    found |= {data["reason"]} if "reason" in data else set()
    return found


def test_the_output_names_no_person(run: Run, secrets: set[str]) -> None:
    assert {"Ada", "grace@example.com", "+14155550100", "Khai", "Ordered twice by mistake"} <= secrets
    printed = "\n".join([*run.lines, *(json.dumps(entry, ensure_ascii=False) for entry in run.entries)])
    assert {secret for secret in secrets if secret in printed} == set()
    assert "example.com" not in printed.replace("shop.example.com", "")


def test_the_traces_name_no_person(run: Run, secrets: set[str]) -> None:
    traced = json.dumps(run.traces, ensure_ascii=False)
    assert {secret for secret in secrets if secret in traced} == set()
    assert "@" not in traced


def test_the_run_has_met_all_cases(run: Run) -> None:
    """Every invocation is traced, refusals and skipped records are logged with their request, all is counted."""
    assert [(trace["name"], trace["trace_id"]) for trace in run.traces] == [("## handler", TRACE)] * 4
    reasons = {entry.get("reason") for entry in run.entries}
    assert "MessageRejected: the recipient is not verified, as SES's sandbox asks for" in reasons
    assert "unknown type" in reasons
    assert "data.order_id: string_pattern_mismatch" in reasons
    assert {entry["correlation_id"] for entry in run.entries if entry.get("reason") == "unknown type"} == {
        "0af7651916cd43dd8448eb211c80319c"
    }
    counts = [entry for entry in run.entries if "_aws" in entry]
    assert len(counts) == 3, "one for each invocation that did something"
    names = [metric["Name"] for line in counts for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]]
    assert sum(sum(line[name]) for line in counts for name in set(names) & line.keys()) == 13
    assert {name for line in counts for name in line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]} == {"service"}
