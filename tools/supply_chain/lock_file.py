"""Lock files: the packages that they pin, with their hashes; and the files from which they are compiled."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from pathlib import Path

_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, kw_only=True)
class LockedPackage:
    """A package of a lock file; the hashes are SHA-256 of its files, in hex."""

    name: str
    version: str
    extras: frozenset[str]
    hashes: tuple[str, ...]


def locked_packages(path: Path) -> list[LockedPackage]:
    """Read a lock file that uv has compiled, in its own order."""
    lines = re.sub(r"\\\n", " ", path.read_text()).splitlines()
    return [_locked_package(line) for line in lines if line and not line.startswith("#")]


def declared_packages(path: Path) -> set[str]:
    """Return the names of the packages that a requirements.in or a pyproject.toml asks for."""
    if path.suffix == ".toml":
        lines = tomllib.loads(path.read_text())["project"]["dependencies"]
    else:
        lines = [text for line in path.read_text().splitlines() if (text := line.partition("#")[0].strip())]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def _locked_package(line: str) -> LockedPackage:
    requirement = Requirement(line.partition(" --hash")[0].strip())
    [version] = requirement.specifier
    return LockedPackage(
        name=canonicalize_name(requirement.name),
        version=version.version,
        extras=frozenset(requirement.extras),
        hashes=tuple(_HASH.findall(line)),
    )
