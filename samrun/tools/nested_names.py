"""Names inside the properties that samrun reads, by CloudFormation's schemas: samrun names the others at the start.

They are in samrun/template/support/nested_names.py: python samrun/tools/nested_names.py writes it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

import samrun.template.support as support_package
from samrun.template.support.levels import Level
from samrun.template.support.properties import PROPERTIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE = Path(support_package.__path__[0]) / "nested_names.py"
_READ = {Level.AS_AWS, Level.DIFFERENT}
_ALTERNATIVES = ("oneOf", "anyOf", "allOf")
# samrun takes the API's name of the brokers, too.
_NAMES_OF_API = {"KafkaBootstrapServers": "KAFKA_BOOTSTRAP_SERVERS"}

_HEAD = '''"""Names inside the properties that the runner reads, by CloudFormation's schemas.

samrun/tools/nested_names.py writes this module. An empty object stands for any names.
"""

from collections.abc import Mapping
from typing import Any

NESTED_NAMES: Mapping[str, Mapping[str, Any]] = '''


def names() -> dict[str, dict[str, Any]]:
    """Return the names inside the properties that samrun reads, by type of resource and property."""
    found = {kind: dict(_of_resource(kind)) for kind in PROPERTIES}
    return {kind: inside for kind, inside in found.items() if inside}


def _of_resource(kind: str) -> Iterator[tuple[str, Any]]:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    for name, support in PROPERTIES[kind].items():
        if support.level in _READ and (inside := _inside(schema["properties"][name], schema, ())):
            yield name, inside


def _inside(node: Mapping[str, Any], schema: Mapping[str, Any], within: tuple[str, ...]) -> dict[str, Any]:
    """Return the names inside the values of a node; none if it has no names, or any."""
    if reference := node.get("$ref"):
        target = schema
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        return {} if reference in within else _inside(target, schema, (*within, reference))
    if "items" in node:
        return _inside(node["items"], schema, within)
    if node.get("additionalProperties") is True or "patternProperties" in node:
        return {}
    found = {name: _inside(each, schema, within) for name, each in node.get("properties", {}).items()}
    for alternative in (each for kind in _ALTERNATIVES for each in node.get(kind, [])):
        found |= {name: inside for name, inside in _inside(alternative, schema, within).items() if name not in found}
    return found | {_NAMES_OF_API[name]: found[name] for name in found if name in _NAMES_OF_API}


def main() -> int:
    """Write the module."""
    FILE.write_text(f"{_HEAD}{names()!r}\n", encoding="utf-8")
    subprocess.run(["ruff", "format", "-q", FILE], check=True)  # noqa: S607
    return 0


if __name__ == "__main__":
    sys.exit(main())
