"""Consumers, as they declare themselves: a file consumes.yaml beside each names the fields of events that it reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from tools.contract.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = "consumes.yaml"
# Of the folders of services: those of the shop, those beside it, and those that `samrun new` has written.
_PATTERNS = (f"functions/*/{FILE}", f"examples/*/{FILE}", f"*/{FILE}")


class _Declaration(BaseModel):
    model_config = ConfigDict(extra="forbid")

    consumer: str
    events: dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class Consumer:
    """A consumer, the file in which it declares itself, and the paths of the fields that it reads, by event type."""

    name: str
    path: Path
    reads: Mapping[str, tuple[str, ...]]


def read_consumers(root: Path) -> list[Consumer]:
    """Return the consumers of this repository. Raises ContractError."""
    paths = [path for pattern in _PATTERNS for path in root.glob(pattern)]
    return [_read_consumer(path) for path in sorted(paths)]


def _read_consumer(path: Path) -> Consumer:
    try:
        declared = _Declaration.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise ContractError(f"{path} is no declaration of a consumer (`consumer` and `events`): {error}") from error
    return Consumer(
        name=declared.consumer, path=path, reads={name: tuple(read) for name, read in declared.events.items()}
    )
