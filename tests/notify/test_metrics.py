from __future__ import annotations

import json
from typing import Any

import pytest

from functions.notify.metrics import Metric, Metrics, NoNamespaceError


@pytest.fixture(autouse=True)
def service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "notify")


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_what_was_counted_is_printed_as_one_line_that_cloudwatch_reads(
    metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    for metric in (Metric.SENT, Metric.SENT, Metric.DEFERRED):
        metrics.count(metric)
    assert printed(capsys) == []
    metrics.flush()
    (line,) = printed(capsys)
    (described,) = line["_aws"]["CloudWatchMetrics"]
    assert described == {
        "Namespace": "Shop",
        "Dimensions": [["service"]],
        "Metrics": [
            {"Name": "NotificationsSent", "Unit": "Count"},
            {"Name": "NotificationsDeferred", "Unit": "Count"},
        ],
    }
    assert (line["service"], line["NotificationsSent"], line["NotificationsDeferred"]) == ("notify", [2.0], [1.0])


def test_an_invocation_prints_only_what_it_has_counted_itself(
    metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics.count(Metric.SENT)
    metrics.flush()
    metrics.count(Metric.SKIPPED)
    metrics.flush()
    first, second = printed(capsys)
    assert first["NotificationsSent"] == [1.0]
    assert second["RecordsSkipped"] == [1.0]
    assert "NotificationsSent" not in second
    assert second["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


def test_nothing_is_printed_or_warned_of_when_nothing_was_counted(
    metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics.flush()
    assert printed(capsys) == []


def test_counts_of_two_notifiers_in_one_process_are_apart(metrics: Metrics, capsys: pytest.CaptureFixture[str]) -> None:
    other = Metrics()
    other.count(Metric.FAILED)
    metrics.flush()
    assert printed(capsys) == []


def test_a_namespace_that_is_missing_is_named_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POWERTOOLS_METRICS_NAMESPACE", raising=False)
    with pytest.raises(NoNamespaceError, match="POWERTOOLS_METRICS_NAMESPACE is not set"):
        Metrics()
