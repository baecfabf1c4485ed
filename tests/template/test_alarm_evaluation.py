"""Would it have rung: the failures of docs/operations.md, on CloudWatch's rules and the template's alarms.

The rows of the table there are the cases. A row with other words, another alarm or a shorter time fails here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.template.alarm_evaluation import MetricAlarm, evaluate_expression, next_state
from tests.template.deployment import ROOT, deploy
from tests.template.metric_data import BLIPS, FAILURES, HEALTHY, failing
from tests.template.parameter_sets import CLUSTER, REQUIRED, VPC

if TYPE_CHECKING:
    from collections.abc import Mapping

OPERATIONS = ROOT / "docs/operations.md"
DAY = 24 * 60
# A failure begins at any minute of a period, an hour or a pause between orders. The lengths share no factor with them.
BEGINNINGS = range(60, 180, 7)
# CloudWatch looks at more data points than the evaluation periods if some are missing. Two in AWS's examples.
EXTRA = (0, 2, 3)


@pytest.fixture(scope="module")
def alarms() -> Mapping[str, MetricAlarm]:
    deployment = deploy(**REQUIRED, **VPC, MskClusterArn=CLUSTER, TextMessages="true")
    return {name: MetricAlarm.of(each) for name, each in deployment.of_type("AWS::CloudWatch::Alarm").items()}


@pytest.fixture(scope="module")
def with_data(alarms: Mapping[str, MetricAlarm]) -> Mapping[str, MetricAlarm]:
    """The alarms whose metrics the quiet shop has; a test below names the others."""
    return {name: alarm for name, alarm in alarms.items() if alarm.watched() <= HEALTHY.keys()}


def rows() -> list[tuple[str, str, int]]:
    """Return the failure, the alarm and the minutes of each row of the table."""
    _, found, table = OPERATIONS.read_text(encoding="utf-8").partition("\n| failure | alarm | rings within |\n")
    assert found
    read = []
    for line in table.partition("\n\n")[0].splitlines()[1:]:
        failure, alarm, time = (cell.strip() for cell in line.strip("|").split("|"))
        name, number = re.fullmatch(r"\[(\w+)\]\(#[\w-]+\)", alarm), re.fullmatch(r"(\d+) (min|h)", time)
        assert name, line
        assert number, line
        read.append((failure, name[1], int(number[1]) * {"min": 1, "h": 60}[number[2]]))
    return read


@pytest.mark.parametrize(("failure", "alarm", "minutes"), rows(), ids=[row[0] for row in rows()])
def test_alarm_rings_within_the_time_of_the_table_and_once(
    alarms: Mapping[str, MetricAlarm], failure: str, alarm: str, minutes: int
) -> None:
    delays = []
    for since in BEGINNINGS:
        for extra in EXTRA:
            rang = list(alarms[alarm].rings(failing(failure, since=since), until=since + minutes + 360, extra=extra))
            assert len(rang) == 1, f"since minute {since}, with {extra} more data points: {rang}"
            delays.append(rang[0] - since)
    assert min(delays) > 0
    assert max(delays) <= minutes
    assert max(delays) > 0.6 * minutes - 2, f"the table promises less than what holds: {max(delays)} min"


def test_table_has_each_failure_and_each_alarm(alarms: Mapping[str, MetricAlarm]) -> None:
    assert [failure for failure, _, _ in rows()] == list(FAILURES)
    without = alarms.keys() - {alarm for _, alarm, _ in rows()}
    assert not without, f"add a failure and a time for each to the table of docs/operations.md: {without}"


@pytest.mark.parametrize("extra", EXTRA)
@pytest.mark.parametrize("shop", BLIPS)
def test_no_alarm_rings_without_a_failure(with_data: Mapping[str, MetricAlarm], shop: str, extra: int) -> None:
    metrics, other = {**HEALTHY, **BLIPS[shop]}, BLIPS[shop].keys()
    # An alarm that watches nothing else than in the quiet shop does as it does there.
    watching = {name: alarm.watched() for name, alarm in with_data.items() if not other or alarm.watched() & other}
    assert watching
    rang = {
        name: list(with_data[name].rings({key: metrics[key] for key in watched}, until=2 * DAY, extra=extra))
        for name, watched in watching.items()
    }
    assert {name: minutes for name, minutes in rang.items() if minutes} == {}


def test_healthy_shop_has_every_metric_that_an_alarm_watches(alarms: Mapping[str, MetricAlarm]) -> None:
    watched = {key for alarm in alarms.values() for key in alarm.watched()}
    assert not watched - HEALTHY.keys(), f"add to HEALTHY of tests/template/metric_data.py: {watched - HEALTHY.keys()}"
    assert not HEALTHY.keys() - watched, "no alarm watches them"
    assert {key for changes in FAILURES.values() for key in changes} <= HEALTHY.keys()


# The tables of AWS's page on missing data: the five newest data points, and the state by how missing ones are treated.
# The first has 3 of 3 data points to alarm, the second 2 of 3. None: the state stays as it is.
THREE_OF_THREE = {
    "0 - X - X": ("OK", "OK", "OK"),
    "0 - - - -": ("OK", "OK", "OK"),
    "- - - - -": (None, "ALARM", "OK"),
    "0 X X - X": ("ALARM", "ALARM", "ALARM"),
    "- - X - -": (None, "ALARM", "OK"),
}
TWO_OF_THREE = {
    "0 - X - X": ("ALARM", "ALARM", "ALARM"),
    "0 0 X 0 X": ("ALARM", "ALARM", "ALARM"),
    "0 - X - -": ("OK", "ALARM", "OK"),
    "- - - - 0": ("OK", "ALARM", "OK"),
    "- - - X -": (None, "ALARM", "OK"),
}


@pytest.mark.parametrize(
    ("points", "to_alarm", "states"),
    [
        *((points, 3, states) for points, states in THREE_OF_THREE.items()),
        *((points, 2, states) for points, states in TWO_OF_THREE.items()),
    ],
)
@pytest.mark.parametrize("before", ["OK", "ALARM"])
def test_states_are_those_of_awss_tables(
    points: str, to_alarm: int, states: tuple[str | None, ...], before: str
) -> None:
    read = [{"0": False, "X": True, "-": None}[each] for each in points.split()]
    for missing, state in zip(("ignore", "breaching", "notBreaching"), states, strict=True):
        found = next_state(tuple(read), periods=3, to_alarm=to_alarm, missing=missing, state=before)
        assert found == (state or before), missing


@pytest.mark.parametrize(
    ("refused", "requests", "value"), [(1, 1, 1), (1, 2, 0), (0, 1, 0), (6, 100, 0), (16, 100, 16), (5, 30, 0)]
)
def test_metric_math_is_evaluated(refused: float, requests: float, value: float) -> None:
    expression = "IF(2 * refused > requests OR refused > 5 + requests / 10, refused, 0)"
    assert evaluate_expression(expression, {"refused": refused, "requests": requests}) == value
