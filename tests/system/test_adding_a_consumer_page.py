"""docs/adding-a-consumer.md: its commands run as they stand, on a copy of the project, and do what the page says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from samrun.testing.stack import RunningStack
from samrun.testing.waiting import eventually
from tests.project import ROOT, copy_to

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs/adding-a-consumer.md").read_text(encoding="utf-8")
BASH = shutil.which("bash") or "/bin/bash"
UP = ".venv/bin/samrun up "
# The API's address in the page: here it has a free port.
API = "http://127.0.0.1:3000"


def commands(step: str) -> list[str]:
    """Return the commands of a step, by the beginning of its heading: the blocks that begin with no time of a log."""
    [section] = re.findall(rf"^## {re.escape(step)}.*?\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    blocks = re.findall(r"^```\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    return [block for block in blocks if not re.match(r"\d\d:", block)]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the page uses, with the environment of the tests as its .venv."""
    project = copy_to(tmp_path / "project")
    for name in ("tools", "examples"):
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(ROOT / name, project / name, ignore=ignored)
    (project / ".venv").symlink_to(ROOT / ".venv")
    return project


def run(command: str, checkout: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    done = subprocess.run(
        [BASH, "-e", "-o", "pipefail", "-c", command],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def place_an_order(command: str, stack: RunningStack, checkout: Path) -> str:
    """Run the page's command, and return the order's id."""
    answer = run(command.replace(API, stack.endpoints["api"]), checkout)
    [order_id] = re.findall(r'"order_id": ?"(ord_\w+)"', answer)
    return str(order_id)


def test_the_page_leads_to_a_new_consumer(checkout: Path) -> None:
    [write] = commands("1. Write it")
    assert "Read reviews/README.md next." in run(write, checkout)

    [run_tests] = commands("2. Run its tests")
    assert re.search(r"^\d+ passed in ", run(run_tests, checkout), re.MULTILINE)

    up, order = commands("3. Run it with the shop")
    assert up.startswith(UP)
    words = shlex.split(up.removeprefix(UP))
    assert "--use-current-env" in words  # as RunningStack does
    templates = [word for word in words if not word.startswith("--")]
    with RunningStack(checkout, checkout / ".local", templates=templates) as stack:
        first = place_an_order(order, stack, checkout)
        eventually(lambda: of_order(stack, first), what="the order's item in the table of reviews")
        assert of_order(stack, first) == {"id": f"subject#{first}", "events": 1, "last_type": "order.paid.v1"}
        assert stack.logged("(1 record) → NotifyFunction")
        assert stack.logged("(1 record) → ReviewsFunction")
        assert stack.logged("event processed")

        change, check = commands("4. Make it yours")
        run(change, checkout)
        checked = run(check, checkout)
        assert re.search(r"^\d+ passed in ", checked, re.MULTILINE)

        second = place_an_order(order, stack, checkout)
        eventually(lambda: of_order(stack, second), what="the order's item, by the new code")
        assert re.fullmatch(r"[0-9A-Z]{5}-[0-9A-Z]{5}", str(of_order(stack, second)["order_number"]))


def of_order(stack: RunningStack, order_id: str) -> dict[str, object]:
    items: dict[str, dict[str, object]] = {str(item["id"]): item for item in stack.items("ReviewsTable")}
    return items.get(f"subject#{order_id}", {})


def test_only_the_deployment_is_not_run() -> None:
    steps = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    unrun = [command for step in steps for command in commands(step) if not re.match(r"[1-4]\. ", step)]
    assert [command for command in unrun if "sam deploy" not in command] == []
    assert len(unrun) == 1
