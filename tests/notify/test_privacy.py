"""Output of a run of the function: it names no person, and Lambda's log filter drops no error and no metric."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.lambda_log_levels import RFC_3339, drops, level_of
from tests.notify.samples import EVENTS, NOTIFY_ENVIRONMENT, ROOT
from tests.template.deployment import TEMPLATE, parameters_of

if TYPE_CHECKING:
    from pathlib import Path


class Run(NamedTuple):
    """The output of a run at DEBUG, line by line: a run at a higher level prints some of these lines."""

    lines: list[str]

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines if line.startswith("{")]


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The sample batches, and one of an order: all its events, one of no known type, and a broken one."""
    samples = sorted((ROOT / "events/kafka").glob("*.json"))
    batch = json.loads((ROOT / "events/kafka/msk.json").read_text())
    (paid,) = batch["records"]["order-events-0"]
    others = [event for event_type, event in EVENTS.items() if event_type != "order.paid.v1"]
    unknown = EVENTS["order.cancelled.v1"] | {"type": "order.lost.v9"}
    broken = json.loads(base64.b64decode(paid["value"]))
    broken["data"]["order_id"] = broken["data"]["customer"]["email"]
    events = [json.dumps(event).encode() for event in (*others, unknown, broken)]
    values = [paid["value"], *(base64.b64encode(event).decode() for event in events)]
    batch["records"]["order-events-0"] = [
        {**paid, "offset": offset, "value": value} for offset, value in enumerate(values, start=7)
    ]
    path = tmp_path_factory.mktemp("batches") / "cancelled.json"
    path.write_text(json.dumps(batch))
    return [*samples, path]


@pytest.fixture(scope="module")
def run(batches: list[Path]) -> Run:
    environment = NOTIFY_ENVIRONMENT | {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "LAMBDA_TASK_ROOT": str(ROOT),
        "POWERTOOLS_SERVICE_NAME": "notify",
        "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
        "REFUSED": "grace@example.com",
    }
    command = [sys.executable, "-m", "tests.notify.run_batches", *map(str, batches)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Run(lines=(done.stdout + done.stderr).splitlines())


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
                    found |= {item["name"] for item in data.get("items", ())}
                    found |= {data["reason"]} if "reason" in data else set()
    return found


def test_the_output_names_no_person(run: Run, secrets: set[str]) -> None:
    assert {"Ada", "grace@example.com", "+14155550100", "Khai", "Ordered twice by mistake"} <= secrets
    printed = "\n".join([*run.lines, *(json.dumps(entry, ensure_ascii=False) for entry in run.entries)])
    assert {secret for secret in secrets if secret in printed} == set()
    assert "example.com" not in printed.replace("shop.example.com", "")


def test_lambda_reads_the_level_of_each_line(run: Run) -> None:
    logged = [entry for entry in run.entries if "level" in entry]
    assert {entry["level"] for entry in logged} == {"INFO", "WARNING"}
    for entry in logged:
        assert RFC_3339.fullmatch(entry["timestamp"]), entry
        assert level_of(json.dumps(entry)) == {"WARNING": "WARN"}.get(entry["level"], entry["level"])


@pytest.mark.parametrize("level", parameters_of(TEMPLATE)["LogLevel"]["AllowedValues"])
def test_lambda_drops_no_metric_and_no_warning_at_any_log_level_of_the_template(run: Run, level: str) -> None:
    """Metrics have no level, so Lambda reads INFO in them."""
    assert {level_of(line) for line in run.lines if '"_aws"' in line} == {"INFO"}
    assert [line for line in run.lines if drops(line, application_log_level=level)] == []


def test_the_run_has_met_all_cases(run: Run) -> None:
    """Refusals and skipped records are logged with their request, and all is counted."""
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
    assert sum(sum(line[name]) for line in counts for name in set(names) & line.keys()) == 16
    assert {name for line in counts for name in line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]} == {"service"}
