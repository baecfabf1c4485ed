"""The check of completeness, on copies of this repository: it names each omission, and says what to add where."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.project import ROOT
from tools.completeness import main

if TYPE_CHECKING:
    from collections.abc import Callable

TEMPLATES = Path("functions/notify/templates")
PAID = "events/order.paid.v1.schema.json"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of what the check reads."""
    for folder in ("events", "examples", "functions/notify", "docs"):
        ignored = shutil.ignore_patterns("__pycache__", "node_modules", "*.md", "images")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    return tmp_path


def rewrite(file: Path, edit: Callable[[Any], object]) -> None:
    """Edit a JSON file."""
    content = json.loads(file.read_text("utf-8"))
    edit(content)
    file.write_text(json.dumps(content), "utf-8")


def customer_of(schema: Any) -> Any:
    return schema["$defs"]["customer"]["properties"]


def without_sample(root: Path) -> None:
    (root / "events/order.paid.v1.json").unlink()


def without_field_in_the_sample(root: Path) -> None:
    rewrite(root / "events/order.paid.v1.json", lambda sample: sample["data"].pop("currency"))


def with_field_in_the_schema_alone(root: Path) -> None:
    rewrite(root / PAID, lambda schema: customer_of(schema).update(title={"type": "string"}))


def with_field_in_schema_and_examples(root: Path) -> None:
    rewrite(root / PAID, lambda schema: customer_of(schema).update(title={"type": "string", "examples": ["Dr"]}))


def with_field_in_the_api_alone(root: Path) -> None:
    def add(document: Any) -> None:
        document["components"]["schemas"]["NewCustomer"]["properties"]["title"] = {"type": "string"}

    rewrite(root / "docs/openapi.json", add)


def without_message(root: Path) -> None:
    file = root / "events/asyncapi.yaml"
    file.write_text(
        file.read_text("utf-8").replace("./order.paid.v1.schema.json", "./order.paid.v0.schema.json"), "utf-8"
    )


def without_schema_of_a_notification(root: Path) -> None:
    (root / "examples/reward/events/reward.granted.v1.schema.json").unlink()


def without_declaration_of_a_notification(root: Path) -> None:
    file = root / "functions/notify/consumes.yaml"
    file.write_text(file.read_text("utf-8").replace("  reward.granted.v1:", "  reward.granted.v0:"), "utf-8")


def without_a_locale(root: Path) -> None:
    shutil.rmtree(root / TEMPLATES / "order.cancelled.v1/vi")


def with_a_locale_of_one_notification(root: Path) -> None:
    shutil.copytree(root / TEMPLATES / "order.paid.v1/en", root / TEMPLATES / "order.paid.v1/de")


def test_nothing_is_missing_in_this_repository() -> None:
    assert main([]) == 0


@pytest.mark.parametrize(
    ("omit", "said"),
    [
        (
            without_sample,
            "events/order.paid.v1.json is missing; add a sample of order.paid.v1, valid by order.paid.v1.",
        ),
        (
            without_field_in_the_sample,
            f"events/order.paid.v1.json has no data.currency; add it there, or `examples` of it to {PAID}",
        ),
        (with_field_in_the_schema_alone, "events/order.paid.v1.json has no data.customer.title; add it there"),
        (
            with_field_in_schema_and_examples,
            "docs/openapi.json has no title, a field of order.paid.v1; add it to functions/order/http/schema.py",
        ),
        (
            with_field_in_the_api_alone,
            f"{PAID} has no title, which a NewCustomer of docs/openapi.json has; describe it",
        ),
        (
            without_message,
            "events/asyncapi.yaml has no message with order.paid.v1.schema.json; add one beside the others",
        ),
        (
            without_schema_of_a_notification,
            f"{TEMPLATES}/reward.granted.v1 has no schema; add reward.granted.v1.schema.json to the folder events/",
        ),
        (
            without_declaration_of_a_notification,
            "functions/notify/consumes.yaml has no reward.granted.v1; list the fields",
        ),
        (without_declaration_of_a_notification, f"{TEMPLATES}/reward.granted.v0 is missing; add the folder, or remove"),
        (
            without_a_locale,
            f"{TEMPLATES}/order.cancelled.v1/vi is missing; add the folder, since order.paid.v1 is written in vi",
        ),
        (with_a_locale_of_one_notification, f"{TEMPLATES}/order.cancelled.v1/de is missing; add the folder"),
    ],
)
def test_each_omission_is_named_with_what_to_add_and_where(
    repository: Path, omit: Callable[[Path], None], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(repository)]) == 0
    omit(repository)
    assert main(["--root", str(repository)]) == 1
    assert said in capsys.readouterr().err


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of this repository's files, those that are not committed yet included."""
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607 - of this machine
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in files.split("\0"):
        if name and (ROOT / name).is_file():
            copied = tmp_path / "checkout" / name
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copied)
    return tmp_path / "checkout"


def make_check(checkout: Path, bin_folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `make check` without the linters, which come before the checks of the contract."""
    bin_folder.mkdir()
    python = f'case "$2" in tools.check_words) exit 0;; esac; exec {sys.executable} "$@"'
    for name, script in {"ruff": "", "mypy": "", "cfn-lint": "", "python": python}.items():
        (bin_folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (bin_folder / name).chmod(0o755)
    installed = [
        f"--old-file=.venv{name}" for name in ("/developing", *(f"-{each}/installed" for each in ENVIRONMENTS))
    ]
    return subprocess.run(
        ["make", "check", *installed, f"BIN={bin_folder}", "SAM_CLI=true", "CHECKOV=true"],  # noqa: S607 - of this machine
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(ROOT / "samrun/src")},
        capture_output=True,
        text=True,
        check=False,
    )


ENVIRONMENTS = ("sam", "checkov", "supply-chain")


@pytest.mark.processes
def test_make_check_turns_red_for_a_broken_schema_and_says_what_to_do(checkout: Path, tmp_path: Path) -> None:
    rewrite(checkout / PAID, lambda schema: schema["properties"]["data"]["properties"].pop("total"))
    done = make_check(checkout, tmp_path / "bin")
    assert done.returncode != 0
    assert f"{PAID}, data.total: field-removed" in done.stderr
    assert "it is read by plain (examples/plain/consumes.yaml)" in done.stderr
    assert "describe the change in a new one beside it, order.paid.v2" in done.stderr


@pytest.mark.processes
def test_make_check_turns_red_for_a_locale_that_a_notification_lacks(checkout: Path, tmp_path: Path) -> None:
    without_a_locale(checkout)
    done = make_check(checkout, tmp_path / "bin")
    assert done.returncode != 0
    assert f"{TEMPLATES}/order.cancelled.v1/vi is missing; add the folder" in done.stderr
