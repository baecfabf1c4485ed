"""Artifacts: what this repository ships, and the lock file of each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from samrun import __version__ as samrun_version

ROOT = Path(__file__).parents[2]
# Every lock file; those of artifacts, and those of the environments for tests and checks.
LOCK_FILES = (
    "functions/order/requirements.txt",
    "functions/notify/requirements.txt",
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
    """Return the artifacts: the zip of each service, and samrun."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return (
        Artifact(
            name="order",
            version=version,
            description="OrderFunction and RelayFunction",
            declared_in=ROOT / "functions/order/requirements.in",
            lock_file=ROOT / "functions/order/requirements.txt",
            build_folder="OrderFunction",
        ),
        Artifact(
            name="notify",
            version=version,
            description="NotifyFunction, FeedbackFunction and HistoryFunction",
            declared_in=ROOT / "functions/notify/requirements.in",
            lock_file=ROOT / "functions/notify/requirements.txt",
            build_folder="NotifyFunction",
        ),
        Artifact(
            name="samrun",
            version=samrun_version,
            description="The local runner of SAM applications",
            declared_in=ROOT / "samrun/pyproject.toml",
            lock_file=ROOT / "samrun/requirements.lock",
        ),
    )
