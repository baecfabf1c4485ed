"""Filter patterns: the operators that Lambda documents, what AWS's event-ruler matches, and what AWS refuses."""

import json
import operator
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samrun.filtering.filter_pattern import FilterPattern, FilterPatternError, parsed


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


ANNA_AND_JONES = {
    "employees": [
        {"firstName": "John", "lastName": "Doe"},
        {"firstName": "Anna", "lastName": "Smith"},
        {"firstName": "Peter", "lastName": "Jones"},
    ]
}


@pytest.mark.parametrize(
    ("rules", "value", "expected"),
    [
        # A missing field counts over the whole event.
        ({"a": {"b": [{"exists": False}]}}, {"x": 1}, True),
        ({"a": {"b": [{"exists": False}]}}, {"a": None}, True),
        ({"a": {"b": [{"exists": False}]}}, {"a": 5}, True),
        ({"a": {"b": [{"exists": False}]}}, {"a": []}, True),
        ({"a": {"b": [{"exists": False}]}}, {"a": {"b": {"c": 1}}}, True),
        ({"a": {"b": [{"exists": False}]}}, {"a": {"b": None}}, False),
        ({"$or": [{"a": {"b": [{"exists": False}]}}, {"c": [1]}]}, {"x": 1}, True),
        ({"c": {"$or": [{"a": [1]}, {"b": [{"exists": False}]}]}}, {}, True),
        ({"i": {"a": [{"exists": False}]}}, {"i": [{"a": 1}, {"b": 1}]}, False),
        ({"i": {"a": [1], "b": [{"exists": False}]}}, {"i": [{"a": 1}, {"b": 2}]}, True),
        ({"i": {"a": [1], "b": [{"exists": False}]}}, {"i": [{"a": 1, "b": 2}]}, False),
        # Two elements of one array never match together.
        ({"i": {"a": [1], "b": [2]}}, {"i": [{"a": 1, "b": 9}, {"a": 9, "b": 2}]}, False),
        ({"i": {"a": [1], "b": [2]}}, {"i": [{"a": 1}, {"b": 2}]}, False),
        ({"i": {"a": [1], "b": [2]}}, {"i": [{"a": 9}, {"a": 1, "b": 2}]}, True),
        ({"employees": {"firstName": ["Anna"], "lastName": ["Jones"]}}, ANNA_AND_JONES, False),
        ({"employees": {"firstName": ["Anna"], "lastName": ["Smith"]}}, ANNA_AND_JONES, True),
        ({"i": {"j": {"a": [1], "b": [2]}}}, {"i": [{"j": [{"a": 1}]}, {"j": [{"b": 2}]}]}, False),
        ({"i": {"j": {"a": [1]}, "b": [2]}}, {"i": [{"j": [{"a": 1}, {"a": 3}], "b": 2}]}, True),
        ({"i": {"a": [1], "b": [2]}}, {"i": [[{"a": 1}, {"b": 2}], {"a": 1, "b": 3}]}, False),
        ({"i": {"a": [1], "b": [2]}}, {"i": [[{"a": 1, "b": 2}]]}, True),
        ({"i": {"a": [1]}, "j": {"a": [2]}}, {"i": [{"a": 0}, {"a": 1}], "j": [{"a": 2}]}, True),
        ({"tags": ["x"]}, {"tags": [["y"], ["x"]]}, True),
        # A dot is like an object, and a rule that comes later replaces one for the same field.
        ({"a": {"b": [1]}}, {"a.b": 1}, True),
        ({"a.b": [1]}, {"a": {"b": 1}}, True),
        ({"a": [1], "$or": [{"a": [2]}, {"b": [3]}]}, {"a": 2}, True),
        # Texts and numbers.
        ({"ip": ["2001:db8::1"]}, {"ip": "2001:db8:0::1"}, True),
        ({"ip": [{"anything-but": "2001:db8::1"}]}, {"ip": "2001:db8:0::1"}, True),
        ({"ip": [{"exactly": "2001:db8::1"}]}, {"ip": "2001:db8:0::1"}, False),
        ({"a": [{"equals-ignore-case": "STRASSE"}]}, {"a": "straße"}, False),
        ({"a": [{"equals-ignore-case": "straße"}]}, {"a": "STRASSE"}, True),
        ({"a": [{"numeric": [">", 0]}]}, {"a": 10**400}, False),
        ({"a": [{"numeric": [">", 0]}]}, {"a": 2**53 + 1}, False),
        ({"a": [2**53 + 1]}, {"a": 2**53 + 1}, True),
        ({"a": [{"anything-but": {"prefix": "in"}}]}, {"a": 5}, True),
    ],
)
def test_pattern_matches_what_it_matches_in_event_ruler(rules: Any, value: Any, expected: bool) -> None:
    assert matches(rules, value) is expected


@pytest.mark.parametrize(
    "element",
    [
        {"numeric": ["<", 20, ">", 10]},
        {"numeric": [">", 20, "<", 10]},
        {"numeric": [">=", 20, "<=", 20]},
        {"numeric": ["=", 20, "=", 20]},
        {"numeric": [">", True]},
        {"numeric": ["=", 2**53 + 1]},
        {"numeric": ["=", "20"]},
        {"numeric": [20, "="]},
        {"numeric": []},
        {"anything-but": [True]},
        {"anything-but": [None]},
        {"anything-but": None},
        {"anything-but": [1, "x"]},
        {"anything-but": 10**400},
        {"anything-but": {"prefix": ""}},
        {"anything-but": {"prefix": ["x", ""]}},
        {"anything-but": {"suffix": ""}},
        {"anything-but": {"prefix": []}},
        {"anything-but": {"prefix": 1}},
        {"anything-but": {"prefix": {"equals-ignore-case": "x"}}},
        {"anything-but": {"numeric": ["=", 1]}},
        {"anything-but": {}},
        {"exactly": 1},
        {"cidr": "10.0.0.0"},
        {"cidr": "10.0.0.0/32"},
        {"cidr": "2001:db8::/128"},
        {"cidr": "10.0.0.0/255.255.255.0"},
        {},
    ],
)
def test_argument_that_event_ruler_refuses_is_refused(element: Any) -> None:
    with pytest.raises(FilterPatternError):
        FilterPattern.parse(json.dumps({"value": {"a": [element]}}))
    with pytest.raises(FilterPatternError):
        FilterPattern.of_rule({"detail": {"a": [element]}})


@pytest.mark.parametrize(
    "pattern",
    [
        '{"value": {"a": [NaN]}}',
        '{"value": {"$or": [{"prefix": ["x"]}, {"b": [1]}]}}',
        '{"value": {"$or": [{"a": {"numeric": [1]}}, {"b": [1]}]}}',
        '{"value": ' + '{"a": ' * 20_000 + "[1]" + "}" * 20_001,
        json.dumps({"value": {f"f{number}": {"$or": [{"a": [1]}, {"b": [1]}]} for number in range(30)}}),
    ],
    ids=["not a number", "reserved name", "reserved name in an object", "deep", "many branches"],
)
def test_pattern_that_no_machine_of_rules_can_be_made_of_is_refused(pattern: str) -> None:
    with pytest.raises(FilterPatternError):
        FilterPattern.parse(pattern)


def test_text_that_is_not_json_matches_no_rule_of_an_object() -> None:
    pattern = FilterPattern.parse('{"$or": [{"value": {"a": [{"exists": false}]}}, {"topic": ["special"]}]}')
    assert pattern.matches({"topic": "t", "value": parsed("{}")})
    assert not pattern.matches({"topic": "t", "value": parsed("{")})
    assert not pattern.matches({"topic": "t", "value": parsed('{"b": NaN}')})
    assert pattern.matches({"topic": "special", "value": parsed("{")})


@pytest.mark.parametrize("rules", [{"a": [1]}, {"a": {"b": [{"exists": False}]}}])
def test_value_may_be_nested_as_deeply_as_json_can_be_read(rules: Any) -> None:
    nested: Any = 1
    for _ in range(5_000):
        nested = [nested]
    assert matches(rules, {"a": nested})


def test_record_with_many_elements_is_matched() -> None:
    # With every pair of elements, it would take minutes.
    elements = [{"a": 1, "b": number} for number in range(3_000)]
    assert not matches({"i": {"a": [1], "b": [-1], "c": [1]}, "j": {"a": [1]}}, {"i": elements, "j": elements})
    assert matches({"i": {"a": [1], "b": [2_999]}, "j": {"a": [1], "b": [1_500]}}, {"i": elements, "j": elements})


# ---------------------------------------------------------------- against a simple model

NAMES = st.sampled_from(["a", "b", "c"])
SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "x", "xy", "X"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.dictionaries(NAMES, inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=12,
)
TEXTS = st.sampled_from(["x", "y", "X", "xy"])
NUMBERS = st.integers(-2, 2)
OPERATORS = st.one_of(
    SCALARS,
    st.builds(lambda expected: {"exists": expected}, st.booleans()),
    st.builds(lambda name, text: {name: text}, st.sampled_from(["prefix", "suffix", "equals-ignore-case"]), TEXTS),
    st.builds(lambda name, text: {name: {"equals-ignore-case": text}}, st.sampled_from(["prefix", "suffix"]), TEXTS),
    st.builds(lambda sign, number: {"numeric": [sign, number]}, st.sampled_from(["<", "<=", "=", ">=", ">"]), NUMBERS),
    st.builds(
        lambda above, lower, below, upper: {"numeric": [above, lower, below, upper]},
        *(st.sampled_from([">", ">="]), st.integers(-2, 0), st.sampled_from(["<", "<="]), st.integers(1, 2)),
    ),
    st.builds(
        lambda values: {"anything-but": values},
        st.one_of(TEXTS, NUMBERS, st.lists(TEXTS, min_size=1), st.lists(NUMBERS, min_size=1)),
    ),
    st.builds(
        lambda name, texts: {"anything-but": {name: texts}},
        *(st.sampled_from(["prefix", "suffix", "equals-ignore-case"]), st.lists(TEXTS, min_size=1) | TEXTS),
    ),
)


def objects_of_rules(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    fields = st.dictionaries(NAMES, inner, min_size=1, max_size=2)
    alternatives = st.builds(lambda each: {"$or": each}, st.lists(fields, min_size=2, max_size=2))
    return st.one_of(fields, alternatives, st.builds(lambda some, more: some | more, fields, alternatives))


RULES = objects_of_rules(st.recursive(st.lists(OPERATORS, min_size=1, max_size=2), objects_of_rules, max_leaves=4))

Place = tuple[str | int, ...]
COMPARISONS = {"<": operator.lt, "<=": operator.le, "=": operator.eq, ">=": operator.ge, ">": operator.gt}


def leaves_of(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield each leaf, and the names and indexes that lead to it, without its own index in an array."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from leaves_of(each, (*place, name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from leaves_of(each, (*place, index) if isinstance(each, dict | list) else place)
    else:
        yield place, value


def are_in_one_element(one: Place, other: Place) -> bool:
    """Tell whether no array is on both ways, with an element for each."""
    steps = next(((a, b) for a, b in zip(one, other, strict=False) if a != b), ("", ""))
    return not all(isinstance(step, int) for step in steps)


def branches_of(rules: Any) -> list[dict[Place, Any]]:
    """Return the branches of rules, each with its elements by place."""
    found: list[dict[Place, Any]] = [{}]
    for name, rule in rules.items():
        if name == "$or":
            added = [branch for each in rule for branch in branches_of(each)]
        elif isinstance(rule, dict):
            added = [{(name, *place): each for place, each in branch.items()} for branch in branches_of(rule)]
        else:
            added = [{(name,): rule}]
        found = [before | more for before in found for more in added]
    return found


def model_of_text(name: str, text: str, value: Any) -> bool:
    if not isinstance(value, str):
        return False
    return {"prefix": value.startswith(text), "suffix": value.endswith(text)}.get(name, value.upper() == text.upper())


def model_of_element(element: Any, value: Any) -> bool:
    """Tell whether an element of a rule matches a leaf."""
    if not isinstance(element, dict):
        return json.dumps(element) == json.dumps(value)
    [(name, argument)] = element.items()
    is_number = isinstance(value, int) and not isinstance(value, bool)
    match name, argument:
        case "exists", bool():
            return bool(argument)
        case "prefix" | "suffix", {"equals-ignore-case": text}:
            return isinstance(value, str) and model_of_text(name, text.upper(), value.upper())
        case "numeric", list():
            terms = zip(argument[::2], argument[1::2], strict=True)
            return is_number and all(COMPARISONS[sign](value, number) for sign, number in terms)
        case "anything-but", dict():
            [(inner, texts)] = argument.items()
            return not any(model_of_text(inner, each, value) for each in ([texts] if isinstance(texts, str) else texts))
        case "anything-but", _:
            excluded = argument if isinstance(argument, list) else [argument]
            return json.dumps(value) not in [json.dumps(each) for each in excluded]
        case _:
            return model_of_text(name, argument, value)


def model_of_branch(branch: list[tuple[Place, Any]], leaves: list[tuple[Place, Any]], chosen: list[Place]) -> bool:
    """Tell whether the rules can all be met, together with the leaves that were chosen for the rules before them."""
    if not branch:
        return True
    [(path, elements), *others] = branch
    found = [
        (place, value)
        for place, value in leaves
        if tuple(step for step in place if isinstance(step, str)) == path
        and all(are_in_one_element(place, each) for each in chosen)
    ]
    if not found:
        return {"exists": False} in elements and model_of_branch(others, leaves, chosen)
    return any(
        any(model_of_element(element, value) for element in elements)
        and model_of_branch(others, leaves, [*chosen, place])
        for place, value in found
    )


@given(rules=RULES, value=st.dictionaries(NAMES, VALUES, max_size=3))
def test_pattern_agrees_with_a_simple_model(rules: dict[str, Any], value: dict[str, Any]) -> None:
    expected = any(model_of_branch(sorted(branch.items()), list(leaves_of(value)), []) for branch in branches_of(rules))
    assert matches(rules, value) is expected


OBJECTS = st.recursive(SCALARS, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=6)
EQUALITIES = st.recursive(
    st.lists(SCALARS, min_size=1, max_size=3),
    lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=2),
    max_leaves=4,
)


@given(rules=st.dictionaries(NAMES, EQUALITIES, min_size=1), value=st.dictionaries(NAMES, OBJECTS))
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
    numbers=st.lists(st.integers(-2, 2), min_size=2, max_size=2, unique=True).map(sorted),
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
