"""Filter patterns: the operators that Lambda documents, and the patterns that AWS refuses."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samrun.filtering.filter_pattern import FilterPattern, FilterPatternError


def matches(rules: Any, value: Any) -> bool:
    """Tell whether the rules match a record whose value is this JSON."""
    return FilterPattern.parse(json.dumps({"value": rules})).matches({"topic": "t", "partition": 0, "value": value})


@pytest.mark.parametrize(
    ("rules", "matching", "others"),
    [
        ({"name": ["Alice"]}, [{"name": "Alice"}, {"name": "Alice", "age": 1}], [{"name": "alice"}, {}, {"name": 1}]),
        ({"name": [None]}, [{"name": None}], [{}, {"name": ""}, {"name": 0}]),
        ({"name": [""]}, [{"name": ""}], [{}, {"name": None}, {"name": " "}]),
        ({"name": [{"equals-ignore-case": "alice"}]}, [{"name": "ALICE"}], [{"name": "alicia"}, {"name": 1}]),
        ({"a": ["x"], "b": ["y"]}, [{"a": "x", "b": "y"}], [{"a": "x"}, {"a": "x", "b": "x"}]),
        ({"pay": ["cash", "card"]}, [{"pay": "card"}], [{"pay": "gold"}]),
        ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, [{"a": "x"}, {"b": "y", "a": 1}], [{"a": "y"}, {}]),
        ({"c": ["z"], "$or": [{"a": ["x"]}, {"b": ["y"]}]}, [{"a": "x", "c": "z"}], [{"a": "x"}, {"c": "z"}]),
        ({"w": [{"anything-but": ["rain"]}]}, [{"w": "sun"}, {"w": 1}], [{"w": "rain"}, {}]),
        ({"w": [{"anything-but": [1, 2]}]}, [{"w": 3}, {"w": "1"}], [{"w": 2}, {"w": 2.0}]),
        ({"w": [{"anything-but": "rain"}]}, [{"w": "sun"}], [{"w": "rain"}]),
        ({"w": [{"anything-but": {"prefix": "in"}}]}, [{"w": "out"}], [{"w": "init"}]),
        ({"w": [{"anything-but": {"suffix": ".png"}}]}, [{"w": "a.jpg"}], [{"w": "a.png"}]),
        ({"w": [{"anything-but": {"equals-ignore-case": ["a", "b"]}}]}, [{"w": "c"}], [{"w": "B"}]),
        ({"price": [{"numeric": ["=", 100]}]}, [{"price": 100}, {"price": 100.0}], [{"price": "100"}, {"price": True}]),
        ({"price": [{"numeric": [">", 10, "<=", 20]}]}, [{"price": 20}, {"price": 10.5}], [{"price": 10}, {}]),
        ({"name": [{"exists": True}]}, [{"name": None}, {"name": 0}], [{}, {"name": {"first": "x"}}]),
        ({"name": [{"exists": False}]}, [{}, {"other": 1}], [{"name": ""}]),
        ({"region": [{"prefix": "us-"}]}, [{"region": "us-east-1"}], [{"region": "eu"}, {"region": 5}]),
        ({"region": [{"prefix": {"equals-ignore-case": "US-"}}]}, [{"region": "us-east-1"}], [{"region": "eu"}]),
        ({"file": [{"suffix": ".png"}]}, [{"file": "a.png"}], [{"file": "a.PNG"}]),
        ({"file": [{"suffix": {"equals-ignore-case": ".PNG"}}]}, [{"file": "a.png"}], [{"file": "a.gif"}]),
        ({"flag": [True]}, [{"flag": True}], [{"flag": 1}, {"flag": "true"}, {"flag": False}]),
        ({"a": {"b": {"c": [1]}}}, [{"a": {"b": {"c": 1}}}], [{"a": {"b": 1}}, {"a": 1}, {}]),
        ({"tags": ["x"]}, [{"tags": ["y", "x"]}], [{"tags": ["y"]}, {"tags": []}]),
        ({"items": {"sku": ["x"]}}, [{"items": [{"sku": "y"}, {"sku": "x"}]}], [{"items": [{"sku": "y"}]}]),
        ({"a": ["x", {"prefix": "y"}]}, [{"a": "x"}, {"a": "yes"}], [{"a": "no"}]),
    ],
)
def test_operator_matches_the_values_that_aws_documents(rules: Any, matching: list[Any], others: list[Any]) -> None:
    assert [value for value in matching if not matches(rules, value)] == []
    assert [value for value in others if matches(rules, value)] == []


def test_string_is_matched_by_a_pattern_of_a_string_alone() -> None:
    assert matches([{"prefix": "OrderNumber"}], "OrderNumber1")
    assert matches([{"anything-but": ["error"]}], "fine")
    assert not matches([{"anything-but": ["error"]}], "error")
    assert not matches({"kind": ["Event"]}, "Event")
    assert not matches([{"prefix": "{"}], {"kind": "Event"})


def test_metadata_is_matched_too() -> None:
    pattern = FilterPattern.parse('{"topic": [{"prefix": "orders-"}], "partition": [{"numeric": ["<", 2]}]}')
    assert pattern.matches({"topic": "orders-eu", "partition": 1})
    assert not pattern.matches({"topic": "orders-eu", "partition": 2})
    assert not pattern.matches({"topic": "payments", "partition": 1})


def test_pattern_without_rules_matches_every_record() -> None:
    assert FilterPattern.parse("{}").matches({"topic": "t"})


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{", "the pattern is not JSON"),
        ("[1]", "the pattern is not a JSON object"),
        ('{"data": ["x"]}', "a record has no field data; it has value, key, topic"),
        ('{"value": "x"}', "value is neither an object nor a list with elements"),
        ('{"value": []}', "value is neither an object nor a list with elements"),
        ('{"value": {}}', "value has no fields"),
        ('{"value": {"a": {"b": 1}}}', "value.a.b is neither an object nor a list with elements"),
        ('{"value": [["x"]]}', "value has a list in its list"),
        ('{"value": [{"prefix": "a", "suffix": "b"}]}', "value has an element with 2 operators; each has one"),
        ('{"value": [{"starts-with": "a"}]}', "value has an unknown operator starts-with; there are exists, prefix"),
        ('{"value": {"a": [{"prefix": 1}]}}', "value.a: 1 is no argument of prefix"),
        ('{"value": {"a": [{"exists": "yes"}]}}', 'value.a: "yes" is no argument of exists'),
        ('{"value": {"a": [{"numeric": [">"]}]}}', 'value.a: [">"] is no argument of numeric'),
        ('{"value": {"a": [{"numeric": ["!=", 1]}]}}', "is no argument of numeric"),
        ('{"value": {"a": [{"anything-but": []}]}}', "value.a: [] is no argument of anything-but"),
        ('{"value": {"$or": [{"a": [1]}]}}', "value.$or is not a list of two or more objects"),
    ],
)
def test_pattern_that_aws_refuses_is_refused_with_its_place(pattern: str, message: str) -> None:
    with pytest.raises(FilterPatternError) as raised:
        FilterPattern.parse(pattern)
    assert message in str(raised.value)


# ---------------------------------------------------------------- against a simple model

NAMES = st.sampled_from(["a", "b", "c"])
SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "x", "xy", "X"])
VALUES = st.recursive(SCALARS, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=6)
RULES = st.recursive(
    st.lists(SCALARS, min_size=1, max_size=3),
    lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=2),
    max_leaves=4,
)


@given(rules=st.dictionaries(NAMES, RULES, min_size=1), value=st.dictionaries(NAMES, VALUES))
def test_equality_agrees_with_a_simple_model(rules: dict[str, Any], value: dict[str, Any]) -> None:
    def agrees(rule: Any, found: Any) -> bool:
        if isinstance(rule, dict):
            return isinstance(found, dict) and all(
                name in found and agrees(each, found[name]) for name, each in rule.items()
            )
        return json.dumps(found) in [json.dumps(each) for each in rule]

    assert matches(rules, value) is agrees(rules, value)


@given(
    value=VALUES,
    prefix=st.sampled_from(["", "x", "X"]),
    numbers=st.lists(st.integers(-2, 2), min_size=2, max_size=2),
)
def test_any_value_is_matched_or_not_and_raises_nothing(value: Any, prefix: str, numbers: list[int]) -> None:
    for rule in (
        {"prefix": prefix},
        {"suffix": prefix},
        {"equals-ignore-case": prefix},
        {"anything-but": [prefix]},
        {"numeric": [">", numbers[0], "<=", numbers[1]]},
        {"exists": True},
    ):
        expected_absent = matches([{"exists": False}], value)
        assert matches([rule], value) in (True, False)
        assert expected_absent is not matches([{"exists": True}], value)


@pytest.mark.parametrize(
    ("rule", "value", "matches"),
    [
        ({"wildcard": "*.csv"}, "orders.csv", True),
        ({"wildcard": "a*b*c"}, "a-b-c", True),
        ({"wildcard": "a*b"}, "a-b-c", False),
        ({"wildcard": "a\\*b"}, "a*b", True),
        ({"wildcard": "a\\*b"}, "a-b", False),
        ({"wildcard": "a.b"}, "a-b", False),
        ({"cidr": "10.0.0.0/24"}, "10.0.0.7", True),
        ({"cidr": "10.0.0.0/24"}, "10.0.1.7", False),
        ({"cidr": "10.0.0.0/24"}, "text", False),
        ({"cidr": "2001:db8::/32"}, "2001:db8::1", True),
        ({"anything-but": {"wildcard": "*/tmp/*"}}, "a/tmp/b", False),
        ({"anything-but": {"wildcard": ["*/tmp/*", "x*"]}}, "a/b", True),
        ({"anything-but": {"suffix": ".png"}}, "a.jpg", True),
    ],
)
def test_rule_of_eventbridge_has_more_operators(rule: Any, value: Any, matches: bool) -> None:
    assert FilterPattern.of_rule({"detail": {"field": [rule]}}).matches({"detail": {"field": value}}) is matches


def test_mapping_tests_addresses() -> None:
    assert matches({"ip": [{"cidr": "10.0.0.0/24"}]}, {"ip": "10.0.0.7"})
    assert not matches({"ip": [{"cidr": "10.0.0.0/24"}]}, {"ip": "10.0.1.7"})


@pytest.mark.parametrize("rule", [{"wildcard": "a*"}, {"anything-but": {"wildcard": "a*"}}])
def test_mapping_has_no_wildcards(rule: Any) -> None:
    with pytest.raises(FilterPatternError):
        FilterPattern.parse(json.dumps({"value": {"field": [rule]}}))


@pytest.mark.parametrize(
    "rules", ["text", {}, {"source": "shop"}, {"source": [{"wildcard": "a**"}]}, {"source": [{"cidr": "10.0.0.0/99"}]}]
)
def test_pattern_of_a_rule_that_aws_refuses_is_an_error(rules: Any) -> None:
    with pytest.raises(FilterPatternError):
        FilterPattern.of_rule(rules)
