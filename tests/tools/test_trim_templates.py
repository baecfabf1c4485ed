"""Templates that the build compiles: Jinja does not compile them again, and finds out if they are not the same."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from jinja2 import Environment

from functions.notify.messages.compiled_templates import SUFFIX
from functions.notify.messages.messages import TEMPLATES
from functions.notify.messages.templating import compile_all
from tools.trim.compiled_templates import compile_templates
from tools.trim.errors import TrimError

if TYPE_CHECKING:
    from pathlib import Path

# The byte code is written by the Python of the artifact.
pytestmark = pytest.mark.processes

SUBJECT = "order.paid.v1/en/subject.txt.jinja"


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """The templates of an artifact that has Jinja, compiled as a build does."""
    folder = tmp_path / "functions/notify/templates"
    shutil.copytree(TEMPLATES, folder)
    (tmp_path / "jinja2").mkdir()
    compile_templates(tmp_path, sys.executable)
    return folder


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates that Jinja has compiled since the test began."""
    names = []
    compile_one = Environment.compile

    def compile_and_note(environment: Environment, source: object, name: str, *rest: object) -> object:
        names.append(name)
        return compile_one(environment, source, name, *rest)  # type: ignore[call-overload]

    monkeypatch.setattr(Environment, "compile", compile_and_note)
    return names


def test_jinja_compiles_nothing_that_the_build_has_compiled(templates: Path, compiled: list[str]) -> None:
    environment = compile_all(templates)
    assert len(environment.list_templates(extensions=["jinja"])) > 20
    assert compiled == []
    template = environment.get_template(SUBJECT)
    assert template.filename == f"/var/task/functions/notify/templates/{SUBJECT}"
    assert "{{" not in template.render(order_number="K7-3Q", shop_name="Shop", items=[], total="1", currency="EUR")


def test_a_template_that_has_changed_since_is_compiled(templates: Path, compiled: list[str]) -> None:
    (templates / SUBJECT).write_text("Changed")
    assert compile_all(templates).get_template(SUBJECT).render() == "Changed"
    assert compiled == [SUBJECT]


def test_another_python_compiles_all_templates(templates: Path, compiled: list[str]) -> None:
    file = templates.with_suffix(SUFFIX)
    file.write_bytes(b"\x00\x00\r\n" + file.read_bytes()[4:])
    names = compile_all(templates).list_templates(extensions=["jinja"])
    assert sorted(compiled) == sorted(names)


def test_templates_compiled_again_are_the_same_file(tmp_path: Path, templates: Path) -> None:
    before = templates.with_suffix(SUFFIX).read_bytes()
    compile_templates(tmp_path, sys.executable)
    assert templates.with_suffix(SUFFIX).read_bytes() == before


def test_an_artifact_without_jinja_keeps_its_templates_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "functions/notify/templates"
    shutil.copytree(TEMPLATES, folder)
    compile_templates(tmp_path, sys.executable)
    assert not folder.with_suffix(SUFFIX).exists()


def test_a_broken_template_fails_the_build(tmp_path: Path, templates: Path) -> None:
    (templates / SUBJECT).write_text("{% if %}")
    with pytest.raises(TrimError, match=rf"cannot be rendered:\n{SUBJECT}, line 1"):
        compile_templates(tmp_path, sys.executable)
