"""Artifacts: what this repository ships, and the lock file of each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from samrun import __version__ as samrun_version
from tools.templates import SYSTEM, load_template
from tools.trim.built_functions import Kept, kept_by

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
_FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/requirements.in"))
# The lock files of the services of examples/. No artifact is made of them: whoever copies one ships it.
EXAMPLES = tuple(sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("examples/*/src/requirements.txt")))
# Every lock file; those of artifacts, and those of the environments for tests and checks.
LOCK_FILES = (
    *(f"functions/{name}/requirements.txt" for name in _FUNCTIONS),
    *EXAMPLES,
    "samrun/requirements.lock",
    "requirements.lock",
    "requirements-run.lock",
    "requirements-uv.lock",
    "requirements-sam.lock",
    "requirements-checkov.lock",
    "requirements-supply-chain.lock",
)


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """An artifact. `declared_in` names the packages that it asks for, and `lock_file` all that come with them.

    `build_folder` is its folder below .aws-sam/build; empty: it is no function's zip. It contains the packages of the
    lock file except those in `without`.
    """

    name: str
    version: str
    description: str
    declared_in: Path
    lock_file: Path
    build_folder: str = ""
    without: frozenset[str] = frozenset()


def artifacts() -> tuple[Artifact, ...]:
    """Return the artifacts: the zips of each folder of functions/, and samrun."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return (
        *(artifact for name in _FUNCTIONS for artifact in _zips(name, version)),
        Artifact(
            name="samrun",
            version=samrun_version,
            description="The local runner of SAM applications",
            declared_in=ROOT / "samrun/pyproject.toml",
            lock_file=ROOT / "samrun/requirements.lock",
        ),
    )


def _zips(name: str, version: str) -> Iterator[Artifact]:
    """Yield the artifacts of a folder of functions/: functions that keep the same of their packages have the same zip.

    The first has the folder's name, another one those of its functions.
    """
    folder = ROOT / "functions" / name
    functions: dict[Kept, list[str]] = {}
    for logical_id, resource in load_template(SYSTEM)["Resources"].items():
        if resource.get("Properties", {}).get("CodeUri") == f"functions/{name}":
            functions.setdefault(kept_by(logical_id, resource), []).append(logical_id)
    for number, (kept, ids) in enumerate(functions.items()):
        *others, last = ids
        yield Artifact(
            name="-".join(each.removesuffix("Function").lower() for each in ids) if number else name,
            version=version,
            description=f"{', '.join(others)} and {last}" if others else last,
            declared_in=folder / "requirements.in",
            lock_file=folder / "requirements.txt",
            build_folder=ids[0],
            without=kept.without,
        )
