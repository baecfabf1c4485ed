"""Filter patterns of a mapping (FilterCriteria) and of an EventBridge rule: which records reach the function.

https://docs.aws.amazon.com/lambda/latest/dg/kafka-filtering.html documents the fields of a Kafka record, and
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html how rules are joined.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from samrun.errors import SamrunError
from samrun.filtering.operators import MAPPING_OPERATORS, RULE_OPERATORS, Operator, Test, equals
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
            rules = json.loads(text)
        except ValueError as error:
            raise FilterPatternError(f"the pattern is not JSON: {error}") from None
        if not isinstance(rules, dict):
            raise FilterPatternError("the pattern is not a JSON object")
        if unknown := sorted(rules.keys() - {*fields, "$or"}):
            raise FilterPatternError(f"a record has no field {', '.join(unknown)}; it has {', '.join(fields)}")
        # Without rules, every record matches.
        return cls(rules, _Reader(MAPPING_OPERATORS).rules(rules, "") if rules else lambda _: True)

    @classmethod
    def of_rule(cls, rules: Any) -> "FilterPattern":
        """Return the pattern of an EventBridge rule, which has more operators. Raises FilterPatternError."""
        if not isinstance(rules, dict):
            raise FilterPatternError("the pattern is not a JSON object")
        return cls(rules, _Reader(RULE_OPERATORS).rules(rules, ""))


def parsed(text: str) -> Any:
    """Return the value that a pattern tests: the JSON object, array, number or boolean in a text, or else the text."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if found is None or isinstance(found, str) else found


@dataclass(frozen=True)
class _Reader:
    """Reader of a pattern: makes its test, once for all records. Methods raise FilterPatternError with the place."""

    operators: Mapping[str, Operator]

    def rules(self, rules: Mapping[str, Any], place: str) -> Test:
        """Return the test of an object's rules, which are joined by AND."""
        if not rules:
            raise FilterPatternError(f"{place} has no fields")
        tests = [self._rule(name, rule, f"{place}.{name}" if place else name) for name, rule in rules.items()]
        return lambda fields: all(test(fields) for test in tests)

    def _rule(self, name: str, rule: Any, here: str) -> Test:
        if name == "$or":
            return self._or(rule, here)
        if isinstance(rule, dict):
            return _of_field(name, _of_object(self.rules(rule, here)))
        if isinstance(rule, list) and rule:
            return _of_field(name, _of_values([self._element(each, here) for each in rule]))
        raise FilterPatternError(f"{here} is neither an object nor a list with elements")

    def _or(self, rule: Any, here: str) -> Test:
        if not isinstance(rule, list) or len(rule) < 2 or not all(isinstance(each, dict) for each in rule):
            raise FilterPatternError(f"{here} is not a list of two or more objects")
        tests = [self.rules(each, here) for each in rule]
        return lambda fields: any(test(fields) for test in tests)

    def _element(self, element: Any, here: str) -> Test:
        if isinstance(element, list):
            raise FilterPatternError(f"{here} has a list in its list")
        if not isinstance(element, dict):
            return equals(element)
        if len(element) != 1:
            raise FilterPatternError(f"{here} has an element with {len(element)} operators; each has one")
        [(name, argument)] = element.items()
        if name not in self.operators:
            raise FilterPatternError(f"{here} has an unknown operator {name}; there are {', '.join(self.operators)}")
        if not self.operators[name].accepts(argument):
            raise FilterPatternError(f"{here}: {json.dumps(argument)} is no argument of {name}")
        return self.operators[name].test(argument)


def _of_field(name: str, test: Test) -> Test:
    """Return the test of an object by one of its fields."""

    def matches(fields: Any) -> bool:
        # The fields of an array's objects are those of the array: one of them has to match.
        if isinstance(fields, list):
            return any(map(matches, fields))
        return test(fields.get(name, MISSING) if isinstance(fields, dict) else MISSING)

    return matches


def _of_object(test: Test) -> Test:
    return lambda found: isinstance(found, dict | list) and test(found)


def _of_values(tests: Sequence[Test]) -> Test:
    """Return the test of a value, or of the values of a list, by the elements of a rule, which are joined by OR."""

    def matches(found: Any) -> bool:
        values = (found if isinstance(found, list) else [found]) or [MISSING]
        return any(any(map(test, values)) for test in tests)

    return matches
