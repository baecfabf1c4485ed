from __future__ import annotations

import json
from typing import Any

import pytest

from functions.notify.metrics import Metric, Metrics


@pytest.fixture(autouse=True)
def service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "notify")


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_counts_are_printed_as_one_line_that_cloudwatch_reads(
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


def test_an_invocation_prints_only_its_own_counts(metrics: Metrics, capsys: pytest.CaptureFixture[str]) -> None:
    metrics.count(Metric.SENT)
    metrics.flush()
    metrics.count(Metric.SKIPPED)
    metrics.flush()
    first, second = printed(capsys)
    assert first["NotificationsSent"] == [1.0]
    assert second["RecordsSkipped"] == [1.0]
    assert "NotificationsSent" not in second
    assert second["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


def test_a_metric_that_is_expected_has_a_value_before_it_is_counted(
    metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics.count(Metric.SENT)
    metrics.expect(Metric.DELIVERED)
    metrics.flush()
    metrics.expect(Metric.DELIVERED)
    metrics.count(Metric.DELIVERED)
    metrics.flush()
    assert [line["MailsDelivered"] for line in printed(capsys)] == [[0.0], [1.0]]


def test_an_invocation_without_counts_prints_no_line_and_no_warning(
    metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics.flush()
    assert printed(capsys) == []


def test_counts_of_two_notifiers_in_one_process_are_apart(metrics: Metrics, capsys: pytest.CaptureFixture[str]) -> None:
    other = Metrics()
    other.count(Metric.FAILED)
    metrics.flush()
    assert printed(capsys) == []
