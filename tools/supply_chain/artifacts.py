"""Artifacts: what this repository ships, and the lock file of each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from samrun import __version__ as samrun_version
from tools.templates import SYSTEM, load_template

ROOT = Path(__file__).parents[2]
_FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/requirements.in"))
# Every lock file; those of artifacts, and those of the environments for tests and checks.
LOCK_FILES = (
    *(f"functions/{name}/requirements.txt" for name in _FUNCTIONS),
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

    `build_folder` is its folder below .aws-sam/build; empty: it is no function's zip.
    """

    name: str
    version: str
    description: str
    declared_in: Path
    lock_file: Path
    build_folder: str = ""


def artifacts() -> tuple[Artifact, ...]:
    """Return the artifacts: the zip of each folder of functions/, and samrun."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return (
        *(_zip(name, version) for name in _FUNCTIONS),
        Artifact(
            name="samrun",
            version=samrun_version,
            description="The local runner of SAM applications",
            declared_in=ROOT / "samrun/pyproject.toml",
            lock_file=ROOT / "samrun/requirements.lock",
        ),
    )


def _zip(name: str, version: str) -> Artifact:
    """Return the artifact of a folder of functions/; `sam build` makes the same zip for each of its functions."""
    folder = ROOT / "functions" / name
    functions = [
        logical_id
        for logical_id, resource in load_template(SYSTEM)["Resources"].items()
        if resource.get("Properties", {}).get("CodeUri") == f"functions/{name}"
    ]
    *others, last = functions
    return Artifact(
        name=name,
        version=version,
        description=f"{', '.join(others)} and {last}" if others else last,
        declared_in=folder / "requirements.in",
        lock_file=folder / "requirements.txt",
        build_folder=functions[0],
    )
