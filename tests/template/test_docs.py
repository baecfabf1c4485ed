"""The guides in docs/: what they name is there, and spelled so."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.notify.metrics import Metric
from tests.template.deployment import ROOT, TEMPLATES, source_of

GUIDES = [
    ROOT / "README.md",
    *(ROOT / f"docs/{name}.md" for name in ("deployment", "operations", "scaling", "permissions")),
]
OPERATIONS = ROOT / "docs/operations.md"
# Metrics of order and relay, properties and states of AWS's services, and their answers.
OTHERS = {
    *("EventsDeferred", "BatchSize", "MaximumRetryAttempts", "MemorySize"),
    *("Creating", "Enabled", "Disabled", "LastProcessingResult"),
}
ERRORS = re.compile(r"\w+(Exception|Error)")


def _declared(section: str) -> set[str]:
    return {name for template in TEMPLATES for name in source_of(template).get(section, {})}


def _quoted(text: str) -> Iterator[str]:
    """Yield what stands in backticks, outside of blocks of code."""
    for paragraph in re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE).split("\n\n"):
        yield from (re.sub(r"\s+", " ", quoted) for quoted in re.findall(r"`([^`]+)`", paragraph))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_what_a_guide_names_of_the_templates_is_there(guide: Path) -> None:
    known = _declared("Parameters") | _declared("Outputs") | _declared("Resources") | set(Metric) | OTHERS
    named = {name for quoted in _quoted(guide.read_text()) if (name := _name(quoted))}
    assert {name for name in named - known if not ERRORS.fullmatch(name)} == set()


def _name(quoted: str) -> str | None:
    """Return the name in `NameOfSomething`, `NameOfSomething=value` and `NameOfSomething: …`."""
    match = re.fullmatch(r"([A-Z][a-z]+[A-Z][A-Za-z0-9]*)([=:].*)?", quoted)
    return match[1] if match else None


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_outputs_that_a_guide_asks_for_are_there(guide: Path) -> None:
    asked = set(re.findall(r"\$\(output (?:[\w-]+ )?(\w+)\)", guide.read_text()))
    assert asked <= _declared("Outputs")


def test_each_alarm_has_its_section() -> None:
    headings = re.findall(r"^### (.+)$", OPERATIONS.read_text(), re.MULTILINE)
    alarms = [
        name
        for name, resource in source_of(TEMPLATES[0])["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]
    assert sorted(name for heading in headings for name in heading.split(", ")) == sorted(alarms)


def test_lines_of_the_logs_are_quoted_as_the_code_writes_them() -> None:
    code = "\n".join(path.read_text() for path in sorted((ROOT / "functions").rglob("*.py")))
    lines = [quoted for quoted in _quoted(OPERATIONS.read_text()) if re.fullmatch(r"[\w …:?]+ [\w …:?]+", quoted)]
    assert lines
    parts = [part.strip(" :") for line in lines for part in line.split("…")]
    assert [part for part in parts if part not in code and not ERRORS.fullmatch(part)] == []
