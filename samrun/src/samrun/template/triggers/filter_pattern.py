"""Filter patterns of a mapping (FilterCriteria) and of an EventBridge rule: which records reach the function.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html documents the comparison operators,
https://docs.aws.amazon.com/lambda/latest/dg/kafka-filtering.html the fields of a Kafka record, and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html the operators of a rule.
"""

import ipaddress
import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from samrun.errors import SamrunError

Test = Callable[[Any], bool]
"""Tests one value of a record. A field that is missing has the value _MISSING."""

_MISSING = object()
# The fields of a Kafka record. Only `value`, and `key` like it, is decoded before it is matched.
KAFKA_FIELDS = ("value", "key", "topic", "partition", "offset", "timestamp", "timestampType")
# "Amazon SQS event source mappings only support filtering on the body key":
# https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
SQS_FIELDS = ("body",)
# https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html and with-kinesis-filtering.html
DYNAMODB_FIELDS = ("dynamodb", "eventID", "eventName", "eventSource", "eventVersion", "awsRegion", "eventSourceARN")
KINESIS_FIELDS = ("data", "partitionKey", "sequenceNumber", "approximateArrivalTimestamp", "kinesisSchemaVersion")
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SCALARS = (str, int, float, bool, type(None))


class FilterPatternError(SamrunError):
    """A filter pattern that AWS refuses too. The message names the place in the pattern."""


@dataclass(frozen=True)
class FilterPattern:
    """A filter pattern: its rules by field."""

    rules: Mapping[str, Any]

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
        if rules:  # without rules, every record matches
            _check(rules, "", _OF_MAPPINGS)
        return cls(rules)

    @classmethod
    def of_rule(cls, rules: Any) -> "FilterPattern":
        """Return the pattern of an EventBridge rule, which has more operators. Raises FilterPatternError."""
        if not isinstance(rules, dict):
            raise FilterPatternError("the pattern is not a JSON object")
        _check(rules, "", tuple(_OPERATORS))
        return cls(rules)

    def matches(self, fields: Mapping[str, Any]) -> bool:
        """Tell whether a record with these fields reaches the function."""
        return _matches(self.rules, fields)


def parsed(text: str) -> Any:
    """Return what a pattern tests of a text: a JSON object, array, number or boolean, or else the text as it is."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if found is None or isinstance(found, str) else found


def _matches(rules: Mapping[str, Any], fields: Any) -> bool:
    """Tell whether every rule matches: those of one object are joined by AND."""
    return all(
        any(_matches(each, fields) for each in rule) if name == "$or" else _field_matches(rule, fields, name)
        for name, rule in rules.items()
    )


def _field_matches(rule: Any, fields: Any, name: str) -> bool:
    # The fields of an array's objects are those of the array: one of them has to match.
    if isinstance(fields, list):
        return any(_field_matches(rule, each, name) for each in fields)
    found = fields.get(name, _MISSING) if isinstance(fields, dict) else _MISSING
    if isinstance(rule, dict):
        return isinstance(found, dict | list) and _matches(rule, found)
    values = (found if isinstance(found, list) else [found]) or [_MISSING]
    return any(any(map(_test(each), values)) for each in rule)


def _test(rule: Any) -> Test:
    """Return the test of one element of a rule's list."""
    if not isinstance(rule, dict):
        return lambda value: _equal(value, rule)
    [(name, argument)] = rule.items()
    return _OPERATORS[name](argument)


def _equal(value: Any, expected: Any) -> bool:
    """Compare as JSON does: true is not 1."""
    if isinstance(value, bool) or isinstance(expected, bool):
        return value is expected
    return type(value) in _SCALARS and value == expected


def _exists(expected: bool) -> Test:
    # "exists" works on leaves only.
    return lambda value: (value is not _MISSING and not isinstance(value, dict)) is expected


def _prefix(argument: Any) -> Test:
    return _of_text(argument, str.startswith)


def _suffix(argument: Any) -> Test:
    return _of_text(argument, str.endswith)


def _of_text(argument: Any, compare: Callable[[str, str], bool]) -> Test:
    if isinstance(argument, dict):
        expected = argument["equals-ignore-case"].casefold()
        return lambda value: isinstance(value, str) and compare(value.casefold(), expected)
    return lambda value: isinstance(value, str) and compare(value, argument)


def _wildcard(argument: str) -> Test:
    """Match a text in which `*` stands for any characters; a backslash takes the meaning from `*` and from itself."""
    parts = re.findall(r"\\[\\*]|.", argument, re.DOTALL)
    pattern = re.compile("".join(".*" if part == "*" else re.escape(part[-1]) for part in parts), re.DOTALL)
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _cidr(argument: str) -> Test:
    network = ipaddress.ip_network(argument, strict=False)

    def is_in_network(value: Any) -> bool:
        try:
            return isinstance(value, str) and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return is_in_network


def _equals_ignore_case(argument: str) -> Test:
    return lambda value: isinstance(value, str) and value.casefold() == argument.casefold()


def _anything_but(argument: Any) -> Test:
    if isinstance(argument, dict):
        [(name, inner)] = argument.items()
        excluded = [_OPERATORS[name](each) for each in (inner if isinstance(inner, list) else [inner])]
    else:
        excluded = [_test(each) for each in (argument if isinstance(argument, list) else [argument])]
    # A field that is missing is no other value.
    return lambda value: type(value) in _SCALARS and not any(test(value) for test in excluded)


def _numeric(argument: Sequence[Any]) -> Test:
    bounds = [(_COMPARISONS[sign], number) for sign, number in zip(argument[::2], argument[1::2], strict=True)]
    return lambda value: (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and all(compare(value, number) for compare, number in bounds)
    )


_OPERATORS: Mapping[str, Callable[[Any], Test]] = {
    "exists": _exists,
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "wildcard": _wildcard,
    "cidr": _cidr,
}
# The operators that a mapping has. A rule has all. AWS's page has no `cidr`; the sample lambda-esm-sqs-filters-sam of
# serverless-patterns has it, with what it matched on AWS.
_OF_TEXT = ("prefix", "suffix", "equals-ignore-case", "wildcard")
_OF_MAPPINGS = ("exists", "prefix", "suffix", "equals-ignore-case", "anything-but", "numeric", "cidr")


# ---------------------------------------------------------------- what AWS refuses


def _check(rules: Mapping[str, Any], place: str, operators: Sequence[str]) -> None:
    if not rules:
        raise FilterPatternError(f"{place} has no fields")
    for name, rule in rules.items():
        here = f"{place}.{name}" if place else name
        if name == "$or":
            _check_or(rule, here, operators)
        elif isinstance(rule, dict):
            _check(rule, here, operators)
        elif isinstance(rule, list) and rule:
            for each in rule:
                _check_element(each, here, operators)
        else:
            raise FilterPatternError(f"{here} is neither an object nor a list with elements")


def _check_or(rule: Any, here: str, operators: Sequence[str]) -> None:
    if not isinstance(rule, list) or len(rule) < 2 or not all(isinstance(each, dict) for each in rule):
        raise FilterPatternError(f"{here} is not a list of two or more objects")
    for each in rule:
        _check(each, here, operators)


def _check_element(element: Any, here: str, operators: Sequence[str]) -> None:
    if isinstance(element, list):
        raise FilterPatternError(f"{here} has a list in its list")
    if isinstance(element, dict):
        if len(element) != 1:
            raise FilterPatternError(f"{here} has an element with {len(element)} operators; each has one")
        [(name, argument)] = element.items()
        if name not in operators:
            raise FilterPatternError(f"{here} has an unknown operator {name}; there are {', '.join(operators)}")
        if not (_is_anything_but(argument, operators) if name == "anything-but" else _ARGUMENTS[name](argument)):
            raise FilterPatternError(f"{here}: {json.dumps(argument)} is no argument of {name}")


def _is_text_or_ignores_case(argument: Any) -> bool:
    match argument:
        case str():
            return True
        case {"equals-ignore-case": str()}:
            return len(argument) == 1
        case _:
            return False


def _is_cidr(argument: Any) -> bool:
    try:
        return isinstance(argument, str) and bool(ipaddress.ip_network(argument, strict=False))
    except ValueError:
        return False


def _is_anything_but(argument: Any, operators: Sequence[str]) -> bool:
    if isinstance(argument, dict):
        if len(argument) != 1 or argument.keys() - {*_OF_TEXT}.intersection(operators):
            return False
        [inner] = argument.values()
        return all(isinstance(each, str) for each in (inner if isinstance(inner, list) else [inner]))
    values = argument if isinstance(argument, list) else [argument]
    return bool(values) and all(isinstance(each, str | int | float) for each in values)


def _is_numeric(argument: Any) -> bool:
    if not isinstance(argument, list) or len(argument) not in (2, 4):
        return False
    signs, numbers = argument[::2], argument[1::2]
    return all(sign in _COMPARISONS for sign in signs) and all(
        isinstance(number, int | float) and not isinstance(number, bool) for number in numbers
    )


_ARGUMENTS: Mapping[str, Callable[[Any], bool]] = {
    "exists": lambda argument: isinstance(argument, bool),
    "prefix": _is_text_or_ignores_case,
    "suffix": _is_text_or_ignores_case,
    "equals-ignore-case": lambda argument: isinstance(argument, str),
    "numeric": _is_numeric,
    "wildcard": lambda argument: isinstance(argument, str) and "**" not in argument,
    "cidr": _is_cidr,
}
