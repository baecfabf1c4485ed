"""The rule of Lambda's log filter, on lines as its page has them, and on those that print metrics."""

import pytest

from tests.lambda_log_levels import drops, level_of

NOW = '"timestamp": "2024-11-02T16:51:31.587199Z"'


@pytest.mark.parametrize(
    ("line", "level"),
    [
        pytest.param(f'{{"level": "debug", "msg": "my debug log", {NOW}}}', "DEBUG", id="the example of AWS's page"),
        pytest.param(f'{{"level": "WARNING", {NOW}}}', "WARN", id="Python's name of a level"),
        pytest.param('{"level": "ERROR", "timestamp": "2026-11-30T14:00:00.123+00:00"}', "ERROR", id="with an offset"),
        pytest.param(
            '{"level": "ERROR", "timestamp": "2026-11-30 14:00:00,123+0000"}', "INFO", id="Powertools' own form"
        ),
        pytest.param('{"level": "ERROR"}', "INFO", id="no timestamp"),
        pytest.param(f'{{"level": "LOUD", {NOW}}}', "INFO", id="an invalid level"),
        pytest.param('{"_aws": {"Timestamp": 1764511200000}, "service": "order"}', "INFO", id="a metric"),
        pytest.param("Traceback (most recent call last):", "INFO", id="text"),
        pytest.param('["level"]', "INFO", id="no object"),
    ],
)
def test_level_is_info_without_a_level_or_a_valid_timestamp(line: str, level: str) -> None:
    assert level_of(line) == level


@pytest.mark.parametrize(("level", "dropped"), [("DEBUG", False), ("INFO", False), ("WARN", True), ("ERROR", True)])
def test_a_level_above_info_drops_the_metrics(level: str, dropped: bool) -> None:
    assert drops('{"_aws": {}, "service": "order", "EventsQuarantined": 1}', application_log_level=level) is dropped
