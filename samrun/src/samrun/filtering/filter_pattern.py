"""Filter patterns of a mapping (FilterCriteria) and of an EventBridge rule: which records reach the function.

https://docs.aws.amazon.com/lambda/latest/dg/kafka-filtering.html documents the fields of a Kafka record, and
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html how rules are joined. Where these pages say
nothing, patterns are as in AWS's own library, https://github.com/aws/event-ruler: its JsonRuleCompiler says what a
pattern may be, and its ACFinder what a pattern matches.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from samrun.errors import SamrunError
from samrun.filtering.leaves import Elements, Event, Leaf, PlainText, steps_of
from samrun.filtering.operators import MAPPING_OPERATORS, RESERVED_IN_OR, RULE_OPERATORS, Operator, Test, equals
from samrun.json_path import MISSING

# The fields of a Kafka record. Only `value`, and `key` like it, is decoded before it is matched.
KAFKA_FIELDS = ("value", "key", "topic", "partition", "offset", "timestamp", "timestampType")
# "Amazon SQS event source mappings only support filtering on the body key":
# https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
SQS_FIELDS = ("body",)
# https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html and with-kinesis-filtering.html
DYNAMODB_FIELDS = ("dynamodb", "eventID", "eventName", "eventSource", "eventVersion", "awsRegion", "eventSourceARN")
KINESIS_FIELDS = ("data", "partitionKey", "sequenceNumber", "approximateArrivalTimestamp", "kinesisSchemaVersion")


class FilterPatternError(SamrunError):
    """A filter pattern that AWS refuses too. The message names the place in the pattern."""


@dataclass(frozen=True)
class FilterPattern:
    """A filter pattern, read and checked."""

    rules: Mapping[str, Any]
    """The pattern as JSON has it: rules by field."""
    matches: Test = field(compare=False, repr=False)
    """Tells whether a record with these fields, a mapping of values by name, reaches the function."""

    @classmethod
    def parse(cls, text: str, *, fields: Sequence[str] = KAFKA_FIELDS) -> "FilterPattern":
        """Read a pattern, a JSON object in a string. `fields` are those of a record. Raises FilterPatternError."""
        try:
            rules = _JSON.decode(text)
        except (ValueError, RecursionError) as error:
            raise FilterPatternError(f"the pattern is not JSON: {error}") from None
        if not isinstance(rules, dict):
            raise FilterPatternError("the pattern is not a JSON object")
        if unknown := sorted(rules.keys() - {*fields, "$or"}):
            raise FilterPatternError(f"a record has no field {', '.join(unknown)}; it has {', '.join(fields)}")
        # Without rules, every record matches.
        return cls(rules, _test(rules, MAPPING_OPERATORS) if rules else lambda _: True)

    @classmethod
    def of_rule(cls, rules: Any) -> "FilterPattern":
        """Return the pattern of an EventBridge rule, which has more operators. Raises FilterPatternError."""
        if not isinstance(rules, dict):
            raise FilterPatternError("the pattern is not a JSON object")
        return cls(rules, _test(rules, RULE_OPERATORS))


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_JSON = json.JSONDecoder(parse_constant=_refuse)


def parsed(text: str) -> Any:
    """Return the value that a pattern tests: the JSON object, array, number or boolean in a text, or else the text."""
    try:
        found = _JSON.decode(text)
    except (ValueError, RecursionError):
        return PlainText(text)
    return text if found is None or isinstance(found, str) else found


@dataclass(frozen=True, slots=True)
class _Rule:
    """Tests of the values at a path, which are joined by OR."""

    path: str
    tests: Sequence[Test]
    accepts_missing: bool

    def matches(self, value: Any) -> bool:
        return any(test(value) for test in self.tests)

    def is_met_by(self, leaves: Sequence[Leaf]) -> bool:
        return any(self.matches(leaf.value) for leaf in leaves) if leaves else self.accepts_missing


_Branch = Mapping[str, Sequence[Test]]
"""Tests by path, which are joined by AND. Each `$or` makes branches of a pattern, which are joined by OR."""


def _test(rules: Mapping[str, Any], operators: Mapping[str, Operator]) -> Test:
    """Return the test of a pattern, which is made once for all records. Raises FilterPatternError."""
    try:
        branches = _Reader(operators).branches(rules, "", "", [{}])
    except RecursionError:
        raise FilterPatternError("the pattern is nested too deeply") from None
    # In the order of event-ruler: what is missing depends on the elements of arrays that matched before.
    ordered = [
        [_Rule(path, tests, any(test(MISSING) for test in tests)) for path, tests in sorted(branch.items())]
        for branch in branches
    ]
    steps = steps_of({path for branch in branches for path in branch})

    def matches(fields: Any) -> bool:
        event = Event(fields, steps)
        return any(_matches(branch, event) for branch in ordered)

    return matches


def _matches(branch: Sequence[_Rule], event: Event) -> bool:
    """Tell whether an event has a value for each rule, and no two of them in different elements of one array."""
    if any(rule.path.startswith(f"{path}.") for rule in branch for path in event.plain_texts):
        return False
    if not event.is_in_arrays:  # as most: the rest is only slower for these
        return all(rule.is_met_by(event.at(rule.path).all) for rule in branch)
    # The elements in which the rules so far have matched, in each possible way.
    ways: list[Elements] = [{}]
    for position, rule in enumerate(branch, start=1):
        later = {array for each in branch[position:] for array in event.at(each.path).arrays}
        found = {tuple(each.items()): each for way in ways for each in _ways_on(way, rule, event, later)}
        if not found:
            return False
        ways = list(found.values())
    return True


def _ways_on(way: Elements, rule: _Rule, event: Event, later: set[int]) -> Iterator[Elements]:
    """Yield the elements with which a rule matches too, as far as later rules are about the same arrays."""
    consistent = event.at(rule.path).consistent_with(way)
    if not consistent and rule.accepts_missing:
        yield {array: index for array, index in way.items() if array in later}
    for leaf in consistent:
        if rule.matches(leaf.value):
            yield {array: index for array, index in {**way, **leaf.elements}.items() if array in later}


# EventBridge refuses more: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
_MAX_BRANCHES = 1000


@dataclass(frozen=True)
class _Reader:
    """Reader of a pattern: it checks the rules. Its methods raise FilterPatternError with the place."""

    operators: Mapping[str, Operator]

    def branches(
        self, rules: Mapping[str, Any], path: str, place: str, before: Sequence[_Branch], *, is_in_or: bool = False
    ) -> Sequence[_Branch]:
        """Return the branches with the rules of an object added to those `before`; a later rule of a path replaces."""
        if not rules:
            raise FilterPatternError(f"{place} has no fields" if place else "the pattern has no fields")
        found = before
        for name, rule in rules.items():
            here, inner = _joined(place, name), _joined(path, name)
            if name == "$or":
                found = self._or(rule, path, here, found)
            elif is_in_or and name in RESERVED_IN_OR:
                raise FilterPatternError(f"{here} is no field: {name} is reserved inside $or")
            elif isinstance(rule, dict):
                found = self.branches(rule, inner, here, found, is_in_or=is_in_or)
            elif isinstance(rule, list) and rule:
                tests = [self._element(each, here) for each in rule]
                found = [{**branch, inner: tests} for branch in found]
            else:
                raise FilterPatternError(f"{here} is neither an object nor a list with elements")
        return found

    def _or(self, rule: Any, path: str, here: str, before: Sequence[_Branch]) -> Sequence[_Branch]:
        if not isinstance(rule, list) or len(rule) < 2 or not all(isinstance(each, dict) for each in rule):
            raise FilterPatternError(f"{here} is not a list of two or more objects")
        found = [branch for each in rule for branch in self.branches(each, path, here, before, is_in_or=True)]
        if len(found) > _MAX_BRANCHES:
            raise FilterPatternError(f"{here} makes more than {_MAX_BRANCHES} combinations of rules")
        return found

    def _element(self, element: Any, here: str) -> Test:
        if isinstance(element, list):
            raise FilterPatternError(f"{here} has a list in its list")
        if not isinstance(element, dict):
            if element is not None and not isinstance(element, str | int | float):
                raise FilterPatternError(f"{here} has a value that JSON does not have: {element}")
            return equals(element)
        if len(element) != 1:
            raise FilterPatternError(f"{here} has an element with {len(element)} operators; each has one")
        [(name, argument)] = element.items()
        if name not in self.operators:
            raise FilterPatternError(f"{here} has an unknown operator {name}; there are {', '.join(self.operators)}")
        if not self.operators[name].accepts(argument):
            raise FilterPatternError(f"{here}: {json.dumps(argument, default=str)} is no argument of {name}")
        return self.operators[name].test(argument)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
