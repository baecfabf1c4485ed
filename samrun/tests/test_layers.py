"""Layers of samrun: imports go one way, and samrun knows nothing of the applications that it runs."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import samrun

SOURCE = Path(samrun.__file__).parent
# From the lowest layer to the highest; the layers of one line do not know each other.
LAYERS = [
    {"counted", "errors", "error_code", "json_path", "json_values", "rfc3339", "trace_ids"},
    {"filtering", "supervision"},
    {"template"},
    {"endpoints", "oidc"},
    {"settings"},
    {"pythons", "services"},
    {"functions", "schemas"},
    {"custom_resources", "durable_executions", "event_triggers", "gateway", "mapping", "queues", "streams"},
    {"administration", "dead_letters", "journal", "lambda_api", "pipes", "scaffold", "schedules"},
    {"control"},
    {"console"},
    {"applications", "batching_windows", "debugged_functions", "kafka_launcher"},
    {"mapping_runner", "trigger_launcher"},
    {"application_launcher"},
    {"stack"},
    {"cli", "testing"},
]
RANK = {layer: number for number, layers in enumerate(LAYERS) for layer in layers}
# They import from every layer: the public names, and the command.
ENTRANCES = {"__init__", "__main__"}


def imports(path: Path) -> list[str]:
    """Return the modules that a file imports, also those inside a function or for type checkers alone."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names]
    return found


def broken_rule(layer: str, imported: str) -> str | None:
    """Return the rule that an import breaks; None if it breaks none."""
    package, *rest = imported.split(".")
    if layer not in RANK:
        return f"samrun/tests/test_layers.py names no layer for {layer}"
    if not package:
        return "an import names its module in full"
    if package in {"functions", "tools", "tests"}:
        return "samrun knows nothing of the applications that it runs"
    if package != "samrun" or not rest or rest[0] in {layer, "__version__"}:
        return None
    if RANK.get(rest[0], len(LAYERS)) >= RANK[layer]:
        return f"{layer} is below {rest[0]} or beside it, and imports only from layers below itself"
    return None


def violations(source: Path) -> Iterator[str]:
    """Yield each import that breaks a rule, with its file and the rule."""
    for path in sorted(source.rglob("*.py")):
        layer = path.relative_to(source).parts[0].removesuffix(".py")
        for imported in [] if layer in ENTRANCES else imports(path):
            if rule := broken_rule(layer, imported):
                yield f"{path.relative_to(source.parent)} imports {imported}: {rule}"


def test_imports_go_one_way() -> None:
    found = list(violations(SOURCE))
    assert not found, "\n".join(found)


def test_every_layer_exists() -> None:
    assert {path.name.removesuffix(".py") for path in SOURCE.iterdir()} >= RANK.keys()


@pytest.mark.parametrize(
    ("file", "line", "rule"),
    [
        ("mapping/finder.py", "from samrun.cli.event_options import Place", "mapping is below cli or beside it"),
        ("supervision/lines.py", "from samrun.gateway import Access", "supervision is below gateway"),
        ("template/api.py", "from samrun.oidc.issuer import Issuer", "template is below oidc"),
        ("services/moto.py", "from samrun.console import app", "services is below console"),
        ("services/moto.py", "import samrun.console.app", "services is below console"),
        ("services/moto.py", "from samrun import console", "services is below console"),
        ("gateway/app.py", "from samrun.mapping.batch import Batch", "gateway is below mapping or beside it"),
        ("cli/main.py", "from samrun.testing.stack import RunningStack", "cli is below testing or beside it"),
        ("errors.py", "from samrun.template.errors import TemplateError", "errors is below template"),
        ("stack.py", "from samrun import run_stack", "stack is below run_stack"),
        ("gateway/app.py", "from .routes import Routes", "an import names its module in full"),
        ("stack.py", "from functions.order import settings", "knows nothing of the applications"),
        ("elsewhere/new.py", "import json", "names no layer for elsewhere"),
    ],
)
def test_an_import_that_breaks_a_rule_is_named(tmp_path: Path, file: str, line: str, rule: str) -> None:
    path = tmp_path / "samrun" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"def late() -> None:\n    {line}\n", encoding="utf-8")
    [message] = violations(tmp_path / "samrun")
    assert message.startswith(f"samrun/{file} imports ")
    assert rule in message
