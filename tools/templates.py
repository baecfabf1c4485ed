"""Templates as they are written, for tools that read a default or count resources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]
SYSTEM, KAFKA = ROOT / "template.yaml", ROOT / "infrastructure/msk.yaml"


def load_template(path: Path) -> dict[str, Any]:
    """Read a template. Its intrinsic functions become None, except Sub, of which the text stays as it is written."""
    template: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 is safe
    return template


def default_of(template: Mapping[str, Any], parameter: str) -> str:
    """Return the default of a parameter."""
    return str(template["Parameters"][parameter]["Default"])


class _Loader(yaml.CSafeLoader):
    """YAML without CloudFormation's tags."""


def _text_of_sub(loader: _Loader, node: yaml.ScalarNode | yaml.SequenceNode) -> str:
    """Return the text of `!Sub text` or `!Sub [text, variables]`."""
    text: yaml.ScalarNode = node.value[0] if isinstance(node, yaml.SequenceNode) else node
    return str(loader.construct_scalar(text))


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)
_Loader.add_constructor("!Sub", _text_of_sub)
