"""Files that a template includes."""

import json
from pathlib import Path
from typing import Any

import pytest

from samrun.template.errors import TemplateError
from samrun.template.reading.includes import include_files


def _include(location: Any) -> dict[str, Any]:
    return {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": location}}}


def _value(folder: Path, value: Any) -> Any:
    """Return a value of a template in the folder after its inclusions."""
    source = {"Resources": {"A": {"Type": "AWS::SNS::Topic", "Properties": value}}}
    return include_files(source, folder / "template.yaml")["Resources"]["A"]["Properties"]


def test_content_of_a_file_stands_beside_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("b: !Ref B\nc: 3")
    assert _value(tmp_path, {"a": 1, **_include("more.yaml")}) == {"a": 1, "b": {"Ref": "B"}, "c": 3}


def test_included_file_may_be_json_or_a_list_and_may_include_others(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps([1, _include("one.yaml")]))
    (tmp_path / "one.yaml").write_text("x: 1")
    assert _value(tmp_path, {"a": [_include("list.json")]}) == {"a": [[1, {"x": 1}]]}


@pytest.mark.parametrize(
    "transform",
    [
        _include("s3://bucket/more.yaml"),
        _include("https://bucket.s3.amazonaws.com/more.yaml"),
        _include({"Fn::Sub": "s3://${Bucket}/more.yaml"}),
        {"Fn::Transform": {"Name": "MyMacro", "Parameters": {"Location": "more.yaml"}}},
    ],
)
def test_what_is_not_a_local_file_stays(tmp_path: Path, transform: dict[str, Any]) -> None:
    assert _value(tmp_path, transform) == transform


@pytest.mark.parametrize(("content", "fault"), [(None, "No such file"), ("a: [", "cannot be read as YAML or JSON")])
def test_error_about_a_file_names_it(tmp_path: Path, content: str | None, fault: str) -> None:
    if content is not None:
        (tmp_path / "more.yaml").write_text(content)
    with pytest.raises(TemplateError, match=rf"more\.yaml, the Location of an AWS::Include, .*{fault}"):
        _value(tmp_path, _include("more.yaml"))
