"""Artifacts of `sam build`: used only if they are what a build of now would make, for this machine."""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from samrun.pythons.sam_build import fresh_artifact
from samrun.template.model.functions import Function
from support.python_function import create_function

PYTHON = Path(sys.executable)
BUILD = Path(".aws-sam", "build")


@pytest.fixture
def function(tmp_path: Path) -> Function:
    """A function that was built after everything else was written."""
    template = tmp_path / "template.yaml"
    source = tmp_path / "src"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "part.py").touch()
    function = replace(create_function(source), template=template)
    template.write_text("Resources: {Fn: {Properties: {CodeUri: src}}}\n")
    artifact = tmp_path / BUILD / "Fn"
    artifact.mkdir(parents=True)
    (artifact / "main.py").touch()
    (tmp_path / BUILD / "template.yaml").write_text("Resources: {Fn: {Properties: {CodeUri: Fn}}}\n")
    for path in [template, source, *source.rglob("*")]:
        set_age(path, 100)
    set_age(tmp_path / BUILD / "template.yaml", 50)
    return function


def artifact_of(function: Function) -> Path | None:
    return fresh_artifact(function, PYTHON, ignored=function.code / "data")


def set_age(path: Path, seconds: int) -> None:
    moment = 1_790_000_000 - seconds
    os.utime(path, (moment, moment))


def test_artifact_that_is_newer_than_the_sources_is_taken(function: Function, tmp_path: Path) -> None:
    assert artifact_of(function) == tmp_path / BUILD / "Fn"


def test_functions_that_are_built_from_the_same_code_may_share_an_artifact(function: Function, tmp_path: Path) -> None:
    other = tmp_path / BUILD / "Other"
    other.mkdir()
    built = tmp_path / BUILD / "template.yaml"
    built.write_text("Resources: {Fn: {Properties: {CodeUri: Other}}}\n")
    set_age(built, 50)
    assert artifact_of(function) == other


def _change(name: str) -> Callable[[Path], None]:
    return lambda project: set_age(project / name, 10)


def _delete(project: Path) -> None:
    (project / "src" / "sub" / "part.py").unlink()


@pytest.mark.parametrize(
    "change",
    [
        _change("src/main.py"),
        _change("src/sub/part.py"),
        _change("template.yaml"),
        _delete,
    ],
    ids=["code", "code in a folder", "template", "deleted file"],
)
def test_artifact_that_is_older_than_a_change_is_not_taken(
    function: Function, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    change(tmp_path)
    assert artifact_of(function) is None


@pytest.mark.parametrize("name", ["__pycache__/main.cpython-311.pyc", ".git/HEAD", ".aws-sam/build/x", "data/logs/x"])
def test_file_that_no_developer_writes_is_no_change(function: Function, tmp_path: Path, name: str) -> None:
    file = tmp_path / "src" / name
    file.parent.mkdir(parents=True)
    file.touch()
    set_age(tmp_path / "src", 100)
    assert artifact_of(function) == tmp_path / BUILD / "Fn"


@pytest.mark.parametrize(
    "built",
    [
        "Resources: {}",
        "Resources: {Fn: {Properties: {CodeUri: s3://bucket/key}}}",
        "Resources: {Fn: {Properties: {CodeUri: Gone}}}",
        "Resources: {Fn: {Properties: {ImageUri: fn}}}",
        "{",
        "",
    ],
)
def test_build_without_an_artifact_of_the_function_gives_none(function: Function, tmp_path: Path, built: str) -> None:
    (tmp_path / BUILD / "template.yaml").write_text(built)
    assert artifact_of(function) is None


@pytest.mark.parametrize(
    "changed",
    [{"template": None}, {"code_uri": None}, {"logical_id": "Stack/Fn"}, {"debug_port": 5678}],
    ids=lambda changed: str(changed),
)
def test_function_that_is_not_built_here_or_is_debugged_has_none(function: Function, changed: dict[str, None]) -> None:
    assert artifact_of(replace(function, **changed)) is None  # type: ignore[arg-type]


def test_project_that_was_never_built_has_none(tmp_path: Path) -> None:
    assert artifact_of(replace(create_function(tmp_path), template=tmp_path / "template.yaml")) is None


def test_artifact_whose_module_cannot_be_read_is_not_taken(function: Function, tmp_path: Path) -> None:
    (tmp_path / BUILD / "Fn" / "fast.so").symlink_to(tmp_path / "nowhere")
    assert artifact_of(function) is None


def test_artifact_for_another_processor_is_not_taken(function: Function, tmp_path: Path) -> None:
    module = tmp_path / BUILD / "Fn" / "fast.cpython-311-aarch64-linux-gnu.so"
    header = bytearray(PYTHON.resolve().read_bytes()[:64])
    module.write_bytes(header)
    assert artifact_of(function) == tmp_path / BUILD / "Fn"
    header[18] ^= 0xFF  # the processor in an ELF header
    module.write_bytes(header)
    assert artifact_of(function) is None
