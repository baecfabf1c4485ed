"""Services apart: those of examples/ know the contract alone, and the order function knows none of them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.template.deployment import TEMPLATE, source_of

ROOT = Path(__file__).parents[1]
SERVICES = sorted(path.parent for path in ROOT.glob("examples/*/template.yaml"))
ORDER = sorted(
    path
    for pattern in ("functions/order/**/*.py", "tests/order/**/*.py", "events/order.*")
    for path in ROOT.glob(pattern)
)
OF_ORDER = "functions/order"


def names(service: Path) -> re.Pattern[str]:
    """Return a pattern of the words by which something would know the service: its name, its events, its topic."""
    published = {path.name.removesuffix(".schema.json") for path in service.glob("events/*.schema.json")}
    words = {service.name, *published, *(each.partition(".")[0] for each in published)}
    return re.compile(rf"\b({'|'.join(map(re.escape, sorted(words)))})", re.IGNORECASE)


def imported(file: Path) -> set[str]:
    """Return the first name of each module that a file imports."""
    modules = set[str]()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module.partition(".")[0])
    return modules


def test_both_services_and_all_files_of_order_are_looked_at() -> None:
    assert {service.name for service in SERVICES} >= {"reward", "shipment"}
    assert len(ORDER) > 60


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_nothing_of_order_names_the_service(service: Path) -> None:
    name = names(service)
    assert [str(path) for path in ORDER if name.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_the_functions_of_order_in_the_template_do_not_name_the_service(service: Path) -> None:
    resources = source_of(TEMPLATE)["Resources"]
    functions = {
        logical_id: str(resource)
        for logical_id, resource in resources.items()
        if resource.get("Properties", {}).get("CodeUri") == OF_ORDER
    }
    assert len(functions) == 2
    assert [logical_id for logical_id, text in functions.items() if names(service).search(text)] == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_the_service_imports_no_code_of_another(service: Path) -> None:
    files = sorted((service / "src").rglob("*.py"))
    others = {"functions", "examples", "samrun", "tests", "tools", *(each.name for each in SERVICES)} - {service.name}
    assert files
    assert {file.name: found for file in files if (found := imported(file) & others)} == {}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_the_name_of_a_service_is_found(service: Path) -> None:
    assert names(service).search(f"publish it to {service.name}-events")
    assert names(service).search(f"{service.name.upper()}_TOPIC")
    assert not names(service).search("publish it to order-events")
