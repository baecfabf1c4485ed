"""CloudWatch's evaluation of a metric alarm, minute by minute, on metric data that a test makes up.

The rules are AWS's: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html. AWS does not say how many
data points beyond the evaluation periods CloudWatch looks at; in its examples they are two. Here that is an argument.
"""

from __future__ import annotations

import ast
import functools
import operator
import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    # The value of a data point, by the minute in which its period begins; None if it is missing.
    Point = Callable[[int], float | None]

MINUTE = 60

# A metric: its namespace, its name, and the value of its only dimension, which is empty if it has none.
Key = tuple[str, str, str]

STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
}
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
}
# Metrics Insights aggregates the brokers of a cluster. A metric here has the samples of all brokers.
QUERY = re.compile(r'SELECT (MAX|MIN)\((\w+)\) FROM SCHEMA\("(AWS/\w+)", .*\) WHERE "Cluster Name" = \'[\w-]+\'')
AGGREGATES = {"MAX": "Maximum", "MIN": "Minimum"}


# The minutes of a quiet day make the same few windows again and again.
@functools.cache
def next_state(points: tuple[bool | None, ...], *, periods: int, to_alarm: int, missing: str, state: str = "OK") -> str:
    """Return the state after an evaluation of these points: breaching, not breaching or missing; the newest is last."""
    real = [point for point in points if point is not None]
    if len(real) >= periods:
        return "ALARM" if sum(real[-periods:]) >= to_alarm else "OK"
    match missing:
        case "notBreaching":
            breaching = sum(real)
        case "breaching":
            breaching = sum(real) + periods - len(real)
        case "ignore":
            if all(real) and len(real) < to_alarm:
                return state
            breaching = sum(real)
        case _:
            raise ValueError(f"no alarm of the template treats missing data as {missing!r}")
    return "ALARM" if breaching >= to_alarm else "OK"


@dataclass(frozen=True, kw_only=True)
class MetricAlarm:
    """An alarm as CloudWatch evaluates it. Times are in minutes, and periods begin at multiples of their length."""

    period: int
    periods: int
    to_alarm: int
    missing: str
    properties: Mapping[str, Any]

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> MetricAlarm:
        """Read the alarm from its properties in the template."""
        queries = properties.get("Metrics", [])
        seconds = {
            int(query["MetricStat"]["Period"] if "MetricStat" in query else query["Period"])
            for query in queries
            if "MetricStat" in query or "Period" in query
        } or {int(properties["Period"])}
        [period] = seconds
        periods = int(properties["EvaluationPeriods"])
        return cls(
            period=period // MINUTE,
            periods=periods,
            to_alarm=int(properties.get("DatapointsToAlarm", periods)),
            missing=properties["TreatMissingData"],
            properties=properties,
        )

    def rings(self, metrics: Mapping[Key, Any], *, until: int, extra: int) -> Iterator[int]:
        """Yield each minute from 0 on at which the alarm goes to ALARM. Metrics have samples before minute 0, too."""
        breaches = self._breaching(metrics)
        state, looked_at = "OK", self.periods + extra
        before_first = range(-self.period * looked_at, -self.period, self.period)
        window = deque(map(breaches, before_first), maxlen=looked_at)
        for end in range(0, until + 1, self.period):
            window.append(breaches(end - self.period))
            before = state
            state = next_state(
                tuple(window), periods=self.periods, to_alarm=self.to_alarm, missing=self.missing, state=before
            )
            if (before, state) == ("OK", "ALARM"):
                yield end

    def watched(self) -> set[Key]:
        """Return the metrics that the alarm watches."""
        if "Metrics" not in self.properties:
            return {_key(self.properties)}
        stats = {_key(query["MetricStat"]["Metric"]) for query in self.properties["Metrics"] if "MetricStat" in query}
        queries = (QUERY.fullmatch(query.get("Expression", "")) for query in self.properties["Metrics"])
        return stats | {(query[3], query[2], "") for query in queries if query}

    def _breaching(self, metrics: Mapping[Key, Any]) -> Callable[[int], bool | None]:
        """Return the function that says whether the data point breaches whose period begins at a minute."""
        value_at = self._value(metrics)
        compare, threshold = COMPARISONS[self.properties["ComparisonOperator"]], float(self.properties["Threshold"])

        def breaches(start: int) -> bool | None:
            value = value_at(start)
            return None if value is None else compare(value, threshold)

        return breaches

    def _value(self, metrics: Mapping[Key, Any]) -> Point:
        if "Metrics" not in self.properties:
            return self._statistic(metrics[_key(self.properties)], self.properties["Statistic"])
        points: dict[str, Point] = {}
        for query in self.properties["Metrics"]:
            if "MetricStat" in query:
                stat = query["MetricStat"]
                points[query["Id"]] = self._statistic(metrics[_key(stat["Metric"])], stat["Stat"])
            elif found := QUERY.fullmatch(query["Expression"]):
                points[query["Id"]] = self._statistic(metrics[found[3], found[2], ""], AGGREGATES[found[1]])
            else:
                points[query["Id"]] = _of_expression(query["Expression"], dict(points))
        [returned] = [query["Id"] for query in self.properties["Metrics"] if query.get("ReturnData", True)]
        return points[returned]

    def _statistic(self, series: Callable[[int], Sequence[float]], name: str) -> Point:
        statistic = STATISTICS[name]

        def value(start: int) -> float | None:
            samples = [each for minute in range(start, start + self.period) for each in series(minute)]
            return statistic(samples) if samples else None

        return value


def _of_expression(expression: str, points: Mapping[str, Point]) -> Point:
    def value(start: int) -> float | None:
        values = {name: point(start) for name, point in points.items()}
        return None if None in values.values() else evaluate_expression(expression, values)

    return value


def _key(metric: Mapping[str, Any]) -> Key:
    dimensions = metric.get("Dimensions", [])
    assert len(dimensions) <= 1
    return (metric["Namespace"], metric["MetricName"], dimensions[0]["Value"] if dimensions else "")


_OPERATORS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.Lt: operator.lt,
}


def evaluate_expression(expression: str, values: Mapping[str, float | None]) -> float:
    """Return the value of a metric math expression, as far as the template uses its functions and operators."""
    return float(_evaluate(_parsed(expression), values))


@functools.cache
def _parsed(expression: str) -> ast.expr:
    python = re.sub(r"\b(AND|OR)\b", lambda word: word[0].lower(), expression)
    return ast.parse(python, mode="eval").body


def _evaluate(node: ast.expr, values: Mapping[str, float | None]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_evaluate(left, values), _evaluate(right, values))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _OPERATORS[type(op)](_evaluate(left, values), _evaluate(right, values))
        case ast.BoolOp(op=op, values=parts):
            results = [_evaluate(part, values) for part in parts]
            return all(results) if isinstance(op, ast.And) else any(results)
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            return _evaluate(then if _evaluate(condition, values) else otherwise, values)
        case _:
            raise ValueError(f"the test cannot evaluate {ast.unparse(node)}")
