"""YAML of templates, as CloudFormation reads it."""

from pathlib import Path
from typing import Any

import pytest

from samrun.template.reading.yaml_text import read_yaml


def _read(folder: Path, text: str) -> Any:
    (folder / "template.yaml").write_text(text, encoding="utf-8")
    return read_yaml(folder / "template.yaml")


def test_names_are_texts_as_in_json(tmp_path: Path) -> None:
    assert _read(tmp_path, "responses: {200: {a: [{404: null}]}, true: 1}") == {
        "responses": {"200": {"a": [{"404": None}]}, "true": 1}
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2012-10-17", "2012-10-17"),
        ("2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        ("!!timestamp 2012-10-17", "2012-10-17"),
        ("yes", True),
        ("1.10", 1.1),
        ("{123456789012: a, 2012-10-17: b, null: c}", {"123456789012": "a", "2012-10-17": "b", "null": "c"}),
        ("!GetAtt Queue.Arn", {"Fn::GetAtt": ["Queue", "Arn"]}),
        ("!Ref {'Fn::Sub': a}", {"Ref": {"Fn::Sub": "a"}}),
        ("\ufeffa: 1", {"a": 1}),
    ],
)
def test_values_are_those_of_json(tmp_path: Path, text: str, value: Any) -> None:
    assert _read(tmp_path, text) == value
