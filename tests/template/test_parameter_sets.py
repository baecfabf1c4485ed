"""Parameter sets: they are allowed, they change every parameter, and each condition holds in one and not in another."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.template.deployment import TEMPLATES, conditions_of, parameters_of, refusals_of
from tests.template.parameter_sets import EACH_SET, PARAMETER_SETS

each_template = pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)


@pytest.mark.parametrize(("path", "name"), EACH_SET)
def test_template_allows_the_parameters_of_each_set(path: Path, name: str) -> None:
    declared, given = parameters_of(path), PARAMETER_SETS[path][name]
    assert {each for each, value in given.items() if not _is_allowed(value, declared[each])} == set()
    assert {each for each in declared if "Default" not in declared[each]} <= given.keys()
    assert refusals_of(path, **given) == []


def _is_allowed(value: str, declared: dict[str, Any]) -> bool:
    if values := declared.get("AllowedValues"):
        return value in map(str, values)
    if declared["Type"] == "Number":
        minimum, maximum = float(declared.get("MinValue", "-inf")), float(declared.get("MaxValue", "inf"))
        return minimum <= float(value) <= maximum
    return bool(re.fullmatch(declared.get("AllowedPattern", ".*"), value))


@each_template
def test_each_parameter_has_a_value_that_is_not_its_default_in_some_set(path: Path) -> None:
    changed = {
        name
        for given in PARAMETER_SETS[path].values()
        for name, value in given.items()
        if value != str(parameters_of(path)[name].get("Default"))
    }
    assert parameters_of(path).keys() - changed == set()


@each_template
def test_each_condition_holds_in_one_set_and_not_in_another(path: Path) -> None:
    seen = [conditions_of(path, **given) for given in PARAMETER_SETS[path].values()]
    assert {name for name in seen[0] if len({conditions[name] for conditions in seen}) < 2} == set()
