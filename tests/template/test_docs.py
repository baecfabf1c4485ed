"""Guides in docs/: the names that they quote exist and are spelled correctly; the runbook has every error's line."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.notify.metrics import Metric
from tests.template.deployment import ROOT, TEMPLATES, deploy, source_of
from tests.template.parameter_sets import PLAIN

GUIDES = [
    ROOT / "README.md",
    *(
        ROOT / f"docs/{name}.md"
        for name in ("running-locally", "deployment", "operations", "scaling", "cost", "permissions")
    ),
]
OPERATIONS = ROOT / "docs/operations.md"
# Metrics of order and relay, properties, states and answers of AWS's services, and a parameter of an earlier version.
OTHERS = {
    "ReplyToAddress",
    *("ConcurrentExecutions", "PendingConfirmation", "StateTransitionReason"),
    "OrdersRecorded",
    *("EventsDeferred", "BatchSize", "FunctionName", "MaximumRetryAttempts", "MemorySize"),
    *("Creating", "Enabled", "Disabled", "LastProcessingResult", "ReportBatchItemFailures", "AccessTokenValidity"),
}
ERRORS = re.compile(r"\w+(Exception|Error)")


def _declared(section: str) -> set[str]:
    return {name for template in TEMPLATES for name in source_of(template).get(section, {})}


def _quoted(text: str) -> Iterator[str]:
    """Yield the texts in backticks outside code blocks."""
    for paragraph in re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE).split("\n\n"):
        yield from (re.sub(r"\s+", " ", quoted) for quoted in re.findall(r"`([^`]+)`", paragraph))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_names_that_a_guide_quotes_exist_in_the_templates(guide: Path) -> None:
    known = _declared("Parameters") | _declared("Outputs") | _declared("Resources") | set(Metric) | OTHERS
    named = {name for quoted in _quoted(guide.read_text()) if (name := _name(quoted))}
    assert {name for name in named - known if not ERRORS.fullmatch(name)} == set()


def _name(quoted: str) -> str | None:
    """Return the name in `NameOfSomething`, `NameOfSomething=value` and `NameOfSomething: …`."""
    match = re.fullmatch(r"([A-Z][a-z]+[A-Z][A-Za-z0-9]*)([=:].*)?", quoted)
    return match[1] if match else None


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_outputs_that_a_guide_reads_exist(guide: Path) -> None:
    asked = set(re.findall(r"\$\(output (?:[\w-]+ )?(\w+)\)", guide.read_text()))
    assert asked <= _declared("Outputs")


def test_log_groups_that_the_runbook_searches_exist() -> None:
    groups = {group["LogGroupName"] for group in deploy(**PLAIN).of_type("AWS::Logs::LogGroup").values()}
    searched = set(re.findall(r'"(/\S*\$STACK/\S+?)"', OPERATIONS.read_text()))
    assert searched
    assert {name.replace("$STACK", "shop") for name in searched} <= groups


def test_runbook_has_a_section_for_each_alarm() -> None:
    headings = re.findall(r"^### (.+)$", OPERATIONS.read_text(), re.MULTILINE)
    alarms = [
        name
        for name, resource in source_of(TEMPLATES[0])["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]
    sections = sorted(name for heading in headings for name in heading.split(", "))
    assert sections == sorted(alarms), "docs/operations.md: a heading ### and the name, for each alarm; no other"


def test_runbook_quotes_log_lines_as_the_code_writes_them() -> None:
    code = "\n".join(path.read_text() for path in sorted((ROOT / "functions").rglob("*.py")))
    lines = [quoted for quoted in _quoted(OPERATIONS.read_text()) if re.fullmatch(r"[\w …:?]+ [\w …:?]+", quoted)]
    assert lines
    parts = [part.strip(" :") for line in lines for part in line.split("…")]
    assert [part for part in parts if part not in code and not ERRORS.fullmatch(part)] == []


def _errors_logged() -> Iterator[tuple[str, str]]:
    """Yield the text of each line that the functions log at ERROR or above, and the file that logs it."""
    for path in sorted((ROOT / "functions").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="logger"), attr="error" | "exception" | "critical")):
                    [text, *_] = node.args
                    assert isinstance(text, ast.Constant), f"{path.name}, line {node.lineno}: log a constant text"
                    yield str(text.value), path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(("text", "file"), list(_errors_logged()))
def test_runbook_quotes_each_error_that_the_functions_log(text: str, file: str) -> None:
    assert text in set(_quoted(OPERATIONS.read_text())), f"docs/operations.md does not explain the error of {file}"
