"""Comparison operators of filter patterns: the arguments that each one takes, and what it matches.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html documents those of a mapping, and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html those of a rule.
"""

import ipaddress
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from samrun.json_path import MISSING

Test = Callable[[Any], bool]
"""Tests one value of a record. A field that is missing has the value MISSING."""

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SCALARS = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Operator:
    """A comparison operator."""

    accepts: Callable[[Any], bool]
    """Tells whether a value of the pattern can be the operator's argument."""
    test: Callable[[Any], Test]
    """Makes the test from an argument that the operator accepts."""


def equals(expected: Any) -> Test:
    """Return the test for a value of a pattern, compared as JSON does: true is not 1."""
    if isinstance(expected, bool):
        return lambda value: value is expected
    return lambda value: type(value) in _SCALARS and not isinstance(value, bool) and value == expected


def anything_but(operators: Mapping[str, Operator]) -> Operator:
    """Return the operator `anything-but`, which takes a value, a list of values, or one of these operators on texts."""
    inner_operators = {name: each for name, each in operators.items() if name in _OF_TEXT}

    def accepts(argument: Any) -> bool:
        if isinstance(argument, dict):
            if len(argument) != 1 or argument.keys() - inner_operators.keys():
                return False
            return all(isinstance(each, str) for each in _as_list(*argument.values()))
        values = _as_list(argument)
        return bool(values) and all(isinstance(each, str | int | float) for each in values)

    def test(argument: Any) -> Test:
        if isinstance(argument, dict):
            [(name, inner)] = argument.items()
            excluded = [inner_operators[name].test(each) for each in _as_list(inner)]
        else:
            excluded = [equals(each) for each in _as_list(argument)]
        # A field that is missing is no other value.
        return lambda value: type(value) in _SCALARS and not any(each(value) for each in excluded)

    return Operator(accepts, test)


def _as_list(argument: Any) -> list[Any]:
    return argument if isinstance(argument, list) else [argument]


def _exists(expected: bool) -> Test:
    # "exists" works on leaves only.
    return lambda value: (value is not MISSING and not isinstance(value, dict)) is expected


def _is_text_or_ignores_case(argument: Any) -> bool:
    match argument:
        case str():
            return True
        case {"equals-ignore-case": str()}:
            return len(argument) == 1
        case _:
            return False


def _of_text(compare: Callable[[str, str], bool]) -> Operator:
    def test(argument: Any) -> Test:
        if isinstance(argument, dict):
            expected = argument["equals-ignore-case"].casefold()
            return lambda value: isinstance(value, str) and compare(value.casefold(), expected)
        return lambda value: isinstance(value, str) and compare(value, argument)

    return Operator(_is_text_or_ignores_case, test)


def _equals_ignore_case(argument: str) -> Test:
    expected = argument.casefold()
    return lambda value: isinstance(value, str) and value.casefold() == expected


def _is_wildcard(argument: Any) -> bool:
    return isinstance(argument, str) and "**" not in argument


def _wildcard(argument: str) -> Test:
    """Match a text in which `*` stands for any characters; a backslash takes the meaning from `*` and from itself."""
    parts = re.findall(r"\\[\\*]|.", argument, re.DOTALL)
    pattern = re.compile("".join(".*" if part == "*" else re.escape(part[-1]) for part in parts), re.DOTALL)
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_numeric(argument: Any) -> bool:
    if not isinstance(argument, list) or len(argument) not in (2, 4):
        return False
    signs, numbers = argument[::2], argument[1::2]
    return all(sign in _COMPARISONS for sign in signs) and all(
        isinstance(number, int | float) and not isinstance(number, bool) for number in numbers
    )


def _numeric(argument: Sequence[Any]) -> Test:
    bounds = [(_COMPARISONS[sign], number) for sign, number in zip(argument[::2], argument[1::2], strict=True)]
    return lambda value: (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and all(compare(value, number) for compare, number in bounds)
    )


def _is_cidr(argument: Any) -> bool:
    try:
        return isinstance(argument, str) and bool(ipaddress.ip_network(argument, strict=False))
    except ValueError:
        return False


def _cidr(argument: str) -> Test:
    network = ipaddress.ip_network(argument, strict=False)

    def is_in_network(value: Any) -> bool:
        try:
            return isinstance(value, str) and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return is_in_network


# Those that `anything-but` takes too.
_OF_TEXT: Mapping[str, Operator] = {
    "prefix": _of_text(str.startswith),
    "suffix": _of_text(str.endswith),
    "equals-ignore-case": Operator(lambda argument: isinstance(argument, str), _equals_ignore_case),
    "wildcard": Operator(_is_wildcard, _wildcard),
}
_OF_RULES: Mapping[str, Operator] = {
    "exists": Operator(lambda argument: isinstance(argument, bool), _exists),
    **_OF_TEXT,
    "numeric": Operator(_is_numeric, _numeric),
    "cidr": Operator(_is_cidr, _cidr),
}
_OF_MAPPINGS = {name: each for name, each in _OF_RULES.items() if name != "wildcard"}
RULE_OPERATORS: Mapping[str, Operator] = {**_OF_RULES, "anything-but": anything_but(_OF_RULES)}
"""The operators of a rule of EventBridge."""
MAPPING_OPERATORS: Mapping[str, Operator] = {**_OF_MAPPINGS, "anything-but": anything_but(_OF_MAPPINGS)}
"""The operators of an event source mapping: all but `wildcard`.

AWS's page has no `cidr`; the sample lambda-esm-sqs-filters-sam of serverless-patterns has it, with what it matched on
AWS.
"""
