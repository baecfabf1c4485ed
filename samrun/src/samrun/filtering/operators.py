"""Comparison operators of filter patterns: the arguments that each one takes, and what it matches.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html documents those of a mapping, and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html those of a rule.
"""

import ipaddress
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeGuard

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
_MAX_EXACT = 2**53


@dataclass(frozen=True)
class Operator:
    """A comparison operator."""

    accepts: Callable[[Any], bool]
    """Tells whether a value of the pattern can be the operator's argument."""
    test: Callable[[Any], Test]
    """Makes the test from an argument that the operator accepts."""


def equals(expected: Any) -> Test:
    """Return the test for a value of a pattern, compared as JSON does: true is not 1. An IP address has many forms."""
    if expected is None or isinstance(expected, bool):
        return lambda value: value is expected
    address = _address(expected) if isinstance(expected, str) else None
    if address:
        return lambda value: isinstance(value, str) and (value == expected or _address(value) == address)
    return _exactly(expected)


def _exactly(expected: Any) -> Test:
    """Return the test for a text, in this form alone, or a number."""
    if isinstance(expected, str):
        return lambda value: isinstance(value, str) and value == expected
    return lambda value: _is_number(value) and value == expected


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_comparable(value: Any) -> bool:
    """Tell whether a value is a number that a double holds with all its digits."""
    if not _is_number(value):
        return False
    if isinstance(value, float) or abs(value) <= _MAX_EXACT:
        return math.isfinite(value)
    try:
        return Decimal(repr(float(value))) == value
    except OverflowError:
        return False


def _is_text(argument: Any) -> bool:
    return isinstance(argument, str)


def anything_but(operators: Mapping[str, Operator]) -> Operator:
    """Return the operator `anything-but`: it takes texts, or numbers, or one of these operators with texts."""
    inner_operators = {name: each for name, each in operators.items() if name in _INSIDE_ANYTHING_BUT}

    def accepts(argument: Any) -> bool:
        if isinstance(argument, dict):
            if len(argument) != 1 or argument.keys() - inner_operators.keys():
                return False
            [(name, inner)] = argument.items()
            texts = _as_list(inner)
            may_be_empty = name not in {"prefix", "suffix"}
            # event-ruler takes an empty list here, and fails with the first event.
            return bool(texts) and all(
                isinstance(each, str) and inner_operators[name].accepts(each) and (bool(each) or may_be_empty)
                for each in texts
            )
        values = _as_list(argument)
        return bool(values) and (all(map(_is_text, values)) or all(map(_is_comparable, values)))

    def test(argument: Any) -> Test:
        if isinstance(argument, dict):
            [(name, inner)] = argument.items()
            excluded = [inner_operators[name].test(each) for each in _as_list(inner)]
        else:
            excluded = [_exactly(each) for each in _as_list(argument)]
        # A field that is missing is no other value.
        return lambda value: value is not MISSING and not any(each(value) for each in excluded)

    return Operator(accepts, test)


def _as_list(argument: Any) -> list[Any]:
    return argument if isinstance(argument, list) else [argument]


def _exists(expected: bool) -> Test:
    return lambda value: (value is not MISSING) is expected


def _is_text_or_ignores_case(argument: Any) -> bool:
    match argument:
        case str():
            return True
        case {"equals-ignore-case": str()}:
            return len(argument) == 1
        case _:
            return False


def _ignoring_case(text: str) -> str:
    """Return a regular expression for a text in upper or lower case. Each character is compared by itself."""
    return "".join(f"(?:{re.escape(each.lower())}|{re.escape(each.upper())})" for each in text)


def _matching(pattern: str) -> Test:
    """Return the test for texts that match a regular expression as a whole."""
    expression = re.compile(pattern, re.DOTALL)
    return lambda value: isinstance(value, str) and expression.fullmatch(value) is not None


def _prefix(argument: Any) -> Test:
    if isinstance(argument, dict):
        return _matching(_ignoring_case(argument["equals-ignore-case"]) + ".*")
    return lambda value: isinstance(value, str) and value.startswith(argument)


def _suffix(argument: Any) -> Test:
    if isinstance(argument, dict):
        return _matching(".*" + _ignoring_case(argument["equals-ignore-case"]))
    return lambda value: isinstance(value, str) and value.endswith(argument)


# Stars stand alone, and a backslash stands before a star or another one.
_WILDCARDS = re.compile(r"(?:\\[\\*]|[^\\*]|\*(?!\*))*", re.DOTALL)


def _is_wildcard(argument: Any) -> bool:
    return isinstance(argument, str) and _WILDCARDS.fullmatch(argument) is not None


def _wildcard(argument: str) -> Test:
    """Match a text in which `*` stands for any characters; a backslash takes the meaning from `*` and from itself."""
    parts = re.findall(r"\\[\\*]|.", argument, re.DOTALL)
    return _matching("".join(".*" if part == "*" else re.escape(part[-1]) for part in parts))


def _is_numeric(argument: Any) -> bool:
    """Tell whether this is one comparison, or a lower and an upper bound that is larger."""
    match argument:
        case [str(sign), number]:
            return sign in _COMPARISONS and _is_comparable(number)
        case [">" | ">=", lower, "<" | "<=", upper]:
            return _is_comparable(lower) and _is_comparable(upper) and lower < upper
        case _:
            return False


def _numeric(argument: Sequence[Any]) -> Test:
    bounds = [(_COMPARISONS[sign], number) for sign, number in zip(argument[::2], argument[1::2], strict=True)]
    return lambda value: _is_comparable(value) and all(compare(value, number) for compare, number in bounds)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that a text is, if it is one. One with a zone is none."""
    # Most texts are no addresses, and an exception for each of them takes long.
    if "%" in text or not (":" in text or "." in text):
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_cidr(argument: Any) -> bool:
    if not isinstance(argument, str) or not re.fullmatch(r"[^/%]+/[0-9]+", argument):
        return False
    try:
        network = ipaddress.ip_network(argument, strict=False)
    except ValueError:
        return False
    return network.prefixlen < network.max_prefixlen


def _cidr(argument: str) -> Test:
    network = ipaddress.ip_network(argument, strict=False)

    def is_in_network(value: Any) -> bool:
        address = _address(value) if isinstance(value, str) else None
        return address is not None and address in network

    return is_in_network


_INSIDE_ANYTHING_BUT = {"prefix", "suffix", "equals-ignore-case", "wildcard"}
_OF_RULES: Mapping[str, Operator] = {
    "exists": Operator(lambda argument: isinstance(argument, bool), _exists),
    "prefix": Operator(_is_text_or_ignores_case, _prefix),
    "suffix": Operator(_is_text_or_ignores_case, _suffix),
    "equals-ignore-case": Operator(_is_text, lambda argument: _matching(_ignoring_case(argument))),
    "wildcard": Operator(_is_wildcard, _wildcard),
    "exactly": Operator(_is_text, _exactly),
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
RESERVED_IN_OR = {
    *_OF_RULES,
    "anything-but",
    *_COMPARISONS,
    *("regex", "not-wildcard", "not-equals-ignore-case"),
    *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
    *("ip-address-in-range", "ip-address-not-in-range"),
}
"""Names that no field in an object of `$or` may have. Some are no operators yet."""
