"""The page of what samrun supports: it names everything that the code knows, and a stale one fails `make check`."""

import sys
from pathlib import Path

import pytest

import support_tables
from samrun.template.support.event_sources import EVENT_SOURCES
from samrun.template.support.properties import PROPERTIES
from samrun.template.support.resource_types import KNOWN


def test_page_names_every_event_source_property_and_resource_type() -> None:
    page = support_tables.generate()
    assert [name for name in EVENT_SOURCES if f"\n| {name} | " not in page] == []
    sections = dict(part.split("\n", 1) for part in page.split("\n### ")[1:])
    for kind, properties in PROPERTIES.items():
        assert [name for name in properties if name not in sections[kind.removeprefix("AWS::")]] == []
    resource_types = page.partition("\n## Resource types")[2]
    assert [kind for kind in KNOWN if kind.rpartition("::")[2] not in resource_types] == []


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "support.md"
    monkeypatch.setattr(support_tables, "PAGE", path)
    return path


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["support_tables.py", *arguments])
    return support_tables.main()


def test_check_accepts_the_page_that_was_written(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _run(monkeypatch) == 0
    assert page.read_text() == support_tables.generate()
    assert _run(monkeypatch, "--check") == 0


@pytest.mark.parametrize("text", [None, "stale"])
def test_check_refuses_a_page_that_is_missing_or_stale(
    page: Path, text: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if text:
        page.write_text(text)
    assert _run(monkeypatch, "--check") == 1
    assert "make support" in capsys.readouterr().err
    assert (page.read_text() if page.exists() else None) == text
