"""Layers of the functions: imports go one way, and the domain knows no AWS, no Kafka and no Powertools."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

FUNCTIONS = Path(__file__).parents[1] / "functions"
# From the lowest layer to the highest; the layers of one line do not know each other. A folder that is not here has no
# layers, and shares no code with the others all the same.
LAYERS: dict[str, list[set[str]]] = {
    "order": [
        {"errors"},
        {"domain", "logs", "settings"},
        {"http", "producer", "storage"},
        {"outbox"},
        {"bootstrap"},
        {"handlers"},
    ],
    "notify": [
        {"errors", "timeouts"},
        {"domain"},
        {"aws_clients", "logs", "metrics", "timestamps"},
        {"events", "http"},
        {"dead_letters", "ledger", "messages"},
        {"channels", "feedback"},
        {"notifying", "settings"},
        {"bootstrap"},
        {"handlers"},
    ],
}
# Layers and files without AWS, Kafka and Powertools: neither they nor the modules that they load import one of these.
PURE = {
    "order": {
        "errors",
        "domain",
        "handlers/relay_event",
        "http/authorization",
        "http/field_types",
        "http/request_body",
        "http/schema",
        "settings",
    },
    "notify": {
        "errors",
        "channels/circuit_breaker",
        "channels/mime",
        "channels/rate_limiter",
        "domain",
        "events",
        "http/authorization",
        "http/schema",
        "ledger/entry_item",
        "messages",
        "timeouts",
        "timestamps",
    },
}
NOT_PURE = {"aws_lambda_powertools", "boto3", "botocore", "kafka"}
TYPES_OF_BOTO3 = "mypy_boto3"


def imports(path: Path) -> list[str]:
    """Return the modules that a file imports, those that only type checkers see included."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names]
    return found


def loaded(root: Path, imported: str) -> Iterator[Path]:
    """Yield the files in functions/ that an import loads: the module, and the packages around it."""
    parts = imported.split(".")
    for length in range(1, len(parts) + 1):
        module = root.parent.joinpath(*parts[:length])
        yield from (file for file in (module / "__init__.py", module.with_suffix(".py")) if file.is_file())


def is_impure(imported: str) -> bool:
    """Tell whether an import is of AWS, Kafka or Powertools. Types of boto3 count, too."""
    library = imported.partition(".")[0]
    return library in NOT_PURE or library.startswith(TYPES_OF_BOTO3)


def impurities(root: Path, imported: str, seen: set[Path]) -> Iterator[str]:
    """Yield each import of AWS, Kafka or Powertools that follows from an import, with the file that has it."""
    for file in loaded(root, imported):
        if file not in seen:
            seen.add(file)
            for further in imports(file):
                if is_impure(further):
                    yield f"{further}, in {file.relative_to(root.parent)}"
                yield from impurities(root, further, seen)


def violations(root: Path, function: str) -> list[str]:
    """Return each import that breaks a rule, with its file and the rule."""
    return [
        f"{path.relative_to(root.parent)} imports {imported}: {broken}"
        for path in sorted((root / function).rglob("*.py"))
        if (place := path.relative_to(root / function)) != Path("__init__.py")
        for imported in imports(path)
        if (broken := broken_layer(function, place, imported) or broken_purity(root, function, place, imported))
    ]


def broken_layer(function: str, place: Path, imported: str) -> str | None:
    """Return the rule of the layers that an import breaks; None if it breaks none."""
    rank = {layer: number for number, layers in enumerate(LAYERS.get(function, [])) for layer in layers}
    layer = layer_of(place)
    if imported.startswith("."):
        return "imports are absolute"
    if rank and layer not in rank:
        return f"tests/test_layers.py names no layer for {layer}"
    if not imported.startswith("functions."):
        return None
    _, package, of = [*imported.split("."), ""][:3]
    if package != function:
        return f"functions/{function} shares no code with functions/{package}"
    if rank and of != layer and rank.get(of, 99) >= rank[layer]:
        return f"{layer} is below {of} or beside it, and imports only from layers below itself"
    return None


def broken_purity(root: Path, function: str, place: Path, imported: str) -> str | None:
    """Return how an import makes a pure file impure; None if the file is not pure, or stays so."""
    names = (layer_of(place), place.with_suffix("").as_posix())
    pure = next((name for name in names if name in PURE.get(function, set())), None)
    if not pure:
        return None
    if is_impure(imported):
        return f"{pure} is pure: no boto3, no botocore, no kafka, no Powertools"
    reached = list(impurities(root, imported, set()))
    return f"{pure} is pure, and this loads {'; '.join(reached)}" if reached else None


def layer_of(place: Path) -> str:
    return place.parts[0].removesuffix(".py")


@pytest.mark.parametrize("function", sorted(path.parent.name for path in FUNCTIONS.glob("*/__init__.py")))
def test_imports_go_one_way(function: str) -> None:
    found = violations(FUNCTIONS, function)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("function", PURE)
def test_every_pure_layer_and_file_exists(function: str) -> None:
    folder = FUNCTIONS / function
    assert [pure for pure in PURE[function] if not {f"{pure}.py", pure} & existing(folder)] == []


def existing(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def plant(root: Path, file: str, line: str) -> None:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"def late() -> None:\n    {line}\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "line", "rule"),
    [
        ("domain/order.py", "import boto3", "domain is pure"),
        ("domain/order.py", "from botocore.config import Config", "domain is pure"),
        ("domain/order.py", "from kafka.errors import KafkaError", "domain is pure"),
        ("domain/order.py", "from aws_lambda_powertools import Logger", "domain is pure"),
        ("domain/order.py", "from mypy_boto3_dynamodb import DynamoDBClient", "domain is pure"),
        ("domain/order.py", "from mypy_boto3_secretsmanager import SecretsManagerClient", "domain is pure"),
        ("domain/order.py", "from functions.order.storage.store import OrderStore", "domain is below storage"),
        ("http/schema.py", "from functions.order.storage.queries import Page", "http is below storage or beside it"),
        ("storage/store.py", "from functions.order import bootstrap", "storage is below bootstrap"),
        ("outbox/relay.py", "from functions.order.handlers import relay", "outbox is below handlers"),
        ("handlers/api.py", "from functions.notify.metrics import Metric", "shares no code with functions/notify"),
        ("elsewhere/new.py", "import json", "names no layer for elsewhere"),
        ("domain/order.py", "from .money import units", "imports are absolute"),
        ("storage/store.py", "from . import client", "imports are absolute"),
    ],
)
def test_an_import_that_breaks_a_rule_is_named(tmp_path: Path, file: str, line: str, rule: str) -> None:
    plant(tmp_path / "functions" / "order", file, line)
    [message] = violations(tmp_path / "functions", "order")
    assert message.startswith(f"functions/order/{file} imports ")
    assert rule in message


@pytest.mark.parametrize(
    ("file", "pure"),
    [
        ("errors.py", "errors"),
        ("domain/decisions.py", "domain"),
        ("ledger/entry_item.py", "ledger/entry_item"),
        ("messages/formats.py", "messages"),
    ],
)
@pytest.mark.parametrize(
    "line",
    [
        "import boto3",
        "from botocore.exceptions import ClientError",
        "from kafka import KafkaProducer",
        "from aws_lambda_powertools import Logger",
        "from mypy_boto3_sesv2 import SESV2Client",
        "from mypy_boto3_sns.type_defs import PublishResponseTypeDef",
    ],
)
def test_a_library_in_a_pure_file_of_notify_is_named(tmp_path: Path, file: str, pure: str, line: str) -> None:
    plant(tmp_path / "functions" / "notify", file, line)
    [message] = violations(tmp_path / "functions", "notify")
    assert message.startswith(f"functions/notify/{file} imports ")
    assert f": {pure} is pure: no boto3" in message


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("channels/mime.py", "from functions.notify.channels import sms"),
        ("channels/mime.py", "from functions.notify.channels.sms import SmsSender"),
        ("channels/mime.py", "import functions.notify.channels.sms"),
        ("channels/rate_limiter.py", "from functions.notify.channels.sms import SNS_ERRORS"),
        ("messages/messages.py", "from functions.notify.aws_clients import error_code"),
        ("ledger/entry_item.py", "from functions.notify.aws_clients import error_code"),
    ],
)
def test_a_library_that_a_pure_file_of_notify_loads_through_others_is_named(
    tmp_path: Path, file: str, line: str
) -> None:
    root = tmp_path / "functions" / "notify"
    plant(root, "aws_clients.py", "from botocore.config import Config")
    plant(root, "channels/sms.py", "from functions.notify.aws_clients import error_code")
    plant(root, file, line)
    [message] = violations(tmp_path / "functions", "notify")
    assert message.startswith(f"functions/notify/{file} imports functions.notify.")
    assert "is pure, and this loads botocore.config.Config, in functions/notify/aws_clients.py" in message


def test_a_library_that_the_package_of_a_pure_file_loads_is_named(tmp_path: Path) -> None:
    root = tmp_path / "functions" / "notify"
    plant(root, "channels/__init__.py", "import boto3")
    plant(root, "channels/rate_limiter.py", "import json")
    plant(root, "channels/mime.py", "from functions.notify.channels.rate_limiter import RateLimiter")
    [message] = violations(tmp_path / "functions", "notify")
    assert message.endswith("is pure, and this loads boto3, in functions/notify/channels/__init__.py")
