"""Values of parameters that CloudFormation refuses."""

import pytest

from samrun.template.values.parameter_limits import parameter_violations


@pytest.mark.parametrize(
    ("declared", "value", "takes"),
    [
        ({"AllowedValues": ["a", "b"]}, "c", "'c': AWS takes one of a, b"),
        ({"AllowedValues": [True, False]}, "yes", "'yes': AWS takes one of true, false"),
        ({"AllowedPattern": "[a-z]+"}, "a1", "'a1': AWS takes only text that matches [a-z]+"),
        ({"MinLength": "2"}, "a", "'a': AWS takes at least 2 characters"),
        ({"MaxLength": 2}, "abc", "'abc': AWS takes at most 2 characters"),
        ({"Type": "Number"}, "many", "'many': AWS takes a number"),
        ({"Type": "Number", "MinValue": 1}, "0", "'0': AWS takes no less than 1"),
        ({"Type": "Number", "MaxValue": 10}, "10.5", "'10.5': AWS takes no more than 10"),
        ({"Type": "CommaDelimitedList", "AllowedValues": ["a", "b"]}, "a, c", "'c': AWS takes one of a, b"),
        ({"Type": "List<Number>"}, "1,x", "'x': AWS takes a number"),
        ({"AllowedPattern": "a", "ConstraintDescription": "an a"}, "b", "only text that matches a (an a)"),
    ],
)
def test_value_over_a_limit_is_named_with_the_limit(declared: dict[str, object], value: str, takes: str) -> None:
    [text] = parameter_violations("Name", {"Type": "String", **declared}, value)
    assert text.startswith("Name is ")
    assert takes in text


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ({}, "anything"),
        ({"AllowedValues": [1, 2]}, "2"),
        ({"AllowedValues": [True, False]}, "true"),
        ({"AllowedPattern": ".*"}, ""),
        ({"AllowedPattern": r"\p{L}+"}, "a pattern of Java"),
        ({"MinLength": 1, "MaxLength": 1}, "x"),
        ({"Type": "Number", "MinValue": 1, "MaxValue": "3"}, "2"),
        ({"Type": "CommaDelimitedList", "AllowedValues": ["a", "b"]}, "a, b"),
    ],
)
def test_value_within_the_limits_is_taken(declared: dict[str, object], value: str) -> None:
    assert list(parameter_violations("Name", {"Type": "String", **declared}, value)) == []


def test_secret_value_is_not_shown() -> None:
    [text] = parameter_violations("Password", {"Type": "String", "NoEcho": True, "MinLength": 8}, "hunter2")
    assert text == "Password is a value (NoEcho hides it): AWS takes at least 8 characters"
