"""Imports of each function: none that costs much for nothing. It is a gate that a busy machine does not move."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.performance.loaded_modules import HANDLERS, RULES, Rule, problems
from tests.project import copy_to

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", HANDLERS)
def test_a_function_loads_no_module_that_it_does_not_need(name: str) -> None:
    assert problems(name) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.module)
def test_a_rule_is_about_a_module_that_exists_and_about_a_handler_that_has_to_keep_it(rule: Rule) -> None:
    assert find_spec(rule.module)
    assert rule.needed_by < HANDLERS.keys()


@pytest.mark.parametrize(
    ("name", "file", "planted", "found"),
    [
        ("feedback", "notify/feedback/ses_events.py", "babel", "feedback loads babel: only mails have amounts"),
        ("relay", "order/outbox/relay.py", "pydantic", "relay loads pydantic: the relay reads what"),
        # Of no rule: the bound alone finds it.
        ("history", "notify/ledger/queries.py", "jsonschema", "history loads "),
    ],
)
def test_a_planted_import_is_found(tmp_path: Path, name: str, file: str, planted: str, found: str) -> None:
    changed = copy_to(tmp_path) / "functions" / file
    with changed.open("a") as source:
        source.write(f"\nimport {planted}\n")
    assert any(problem.startswith(found) for problem in problems(name, tmp_path))
