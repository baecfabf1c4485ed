"""The functions of a build by `sam build`, and what their metadata in the template says to keep.

In a function's Metadata: `Artifact: {AwsServices: [dynamodb], WithoutPackages: [babel]}`. A function without it keeps
everything, and has byte code all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.templates import load_template
from tools.trim.errors import TrimError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_KEY = "Artifact"
_KNOWN = {"AwsServices", "WithoutPackages"}
FUNCTION = "AWS::Serverless::Function"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Packages and AWS services that a function needs.

    `services` are the AWS services that it calls by boto3, None: all. It never imports the distributions in `without`.
    """

    services: frozenset[str] | None = None
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class BuiltFunction:
    """A function of a build: the folder of its artifact, and what stays in it."""

    name: str
    folder: Path
    kept: Kept


def built_functions(build: Path) -> list[BuiltFunction]:
    """Return the functions of a build. Raises TrimError."""
    path = build / "template.yaml"
    if not path.exists():
        raise TrimError(f"{path} does not exist. Run `sam build` first, or name its folder with --build.")
    functions = [
        BuiltFunction(name=name, folder=folder, kept=kept_by(name, resource))
        for name, resource in load_template(path)["Resources"].items()
        if resource["Type"] == FUNCTION and (folder := _artifact(build, resource)) is not None
    ]
    if not functions:
        raise TrimError(f"{build} has no artifact of a function. Run `sam build` again.")
    _check_shared_folders(functions)
    return functions


def kept_by(name: str, resource: Mapping[str, Any]) -> Kept:
    """Return what a function of a template keeps in its artifact. Raises TrimError."""
    wanted = resource.get("Metadata", {}).get(_KEY, {})
    if unknown := sorted(set(wanted) - _KNOWN):
        raise TrimError(f"{name}: Metadata.{_KEY} has no {', '.join(unknown)}; it has {', '.join(sorted(_KNOWN))}.")
    services = wanted.get("AwsServices")
    return Kept(
        services=None if services is None else frozenset(services), without=frozenset(wanted.get("WithoutPackages", ()))
    )


def _artifact(build: Path, resource: Mapping[str, Any]) -> Path | None:
    """Return the folder of a function's artifact, or None: `sam build NAME` leaves the others where they are."""
    code = resource["Properties"].get("CodeUri")
    folder = build / code if isinstance(code, str) else None
    return folder if folder and folder.is_dir() and folder.resolve().parent == build.resolve() else None


def _check_shared_folders(functions: list[BuiltFunction]) -> None:
    """Refuse what would be trimmed for one function and is used by another. `sam build` shares only equal builds."""
    by_folder: dict[Path, BuiltFunction] = {}
    for function in functions:
        other = by_folder.setdefault(function.folder, function)
        if function.kept != other.kept:
            raise TrimError(
                f"{other.name} and {function.name} share the artifact {function.folder.name}, and their "
                f"Metadata.{_KEY} differ. Build each of them: `sam build` without --cached."
            )
