"""Environment variables from the file of --env-vars."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from samrun.template.model.functions import Function
from samrun.template.values.environment_variables import EnvironmentVariablesError, read_variables, with_variables
from support.python_function import create_function


@pytest.fixture
def function(tmp_path: Path) -> Function:
    function = create_function(tmp_path)
    return replace(function, logical_id="App/Fn", name="orders", environment={"ONE": "1", "TWO": "2"})


def given(function: Function, folder: Path, content: Any) -> Any:
    (folder / "env.json").write_text(json.dumps(content), encoding="utf-8")
    return with_variables(function, read_variables(folder / "env.json")).environment


@pytest.mark.parametrize("name", ["Fn", "orders", "App/Fn", "Parameters"])
def test_file_names_a_function_in_each_way_of_sam_local(function: Function, tmp_path: Path, name: str) -> None:
    assert given(function, tmp_path, {name: {"ONE": "ü", "OTHER": "x"}, "Other": {"TWO": "x"}}) == {
        "ONE": "ü",
        "TWO": "2",
    }


def test_value_of_a_function_comes_before_that_of_all(function: Function, tmp_path: Path) -> None:
    content = {"Parameters": {"ONE": "all", "TWO": "all"}, "orders": {"ONE": "own"}}
    assert given(function, tmp_path, content) == {"ONE": "own", "TWO": "all"}


def test_value_becomes_a_text(function: Function, tmp_path: Path) -> None:
    assert given(function, tmp_path, {"Parameters": {"ONE": True, "TWO": 3}}) == {"ONE": "true", "TWO": "3"}
    assert given(function, tmp_path, {"Parameters": {"ONE": None, "TWO": ["a"]}}) == {"ONE": "", "TWO": ""}


@pytest.mark.parametrize(
    ("text", "says"),
    [("[", "is not valid JSON"), ("[]", 'write {"FUNCTION"'), ('{"Fn": "ONE=1"}', 'write {"FUNCTION"')],
)
def test_error_says_what_to_write(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "env.json").write_text(text)
    with pytest.raises(EnvironmentVariablesError, match=says):
        read_variables(tmp_path / "env.json")
    with pytest.raises(EnvironmentVariablesError, match="cannot be read: No such file"):
        read_variables(tmp_path / "nowhere.json")
