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
    from pathlib import Path

_KEY = "Artifact"
_KNOWN = {"AwsServices", "WithoutPackages"}
FUNCTION = "AWS::Serverless::Function"


@dataclass(frozen=True, kw_only=True)
class BuiltFunction:
    """A function of a build: the folder of its artifact, and what it needs.

    `services` are the AWS services that it calls by boto3, None: all. `without` are distributions that it never imports.
    """

    name: str
    folder: Path
    services: frozenset[str] | None
    without: tuple[str, ...]


def built_functions(build: Path) -> list[BuiltFunction]:
    """Return the functions of a build. Raises TrimError."""
    path = build / "template.yaml"
    if not path.exists():
        raise TrimError(f"{path} does not exist. Run `sam build` first, or name its folder with --build.")
    resources = load_template(path)["Resources"]
    functions = [
        _function(build, name, resource) for name, resource in resources.items() if resource["Type"] == FUNCTION
    ]
    _check_shared_folders(functions)
    return functions


def _function(build: Path, name: str, resource: dict[str, Any]) -> BuiltFunction:
    folder = build / str(resource["Properties"]["CodeUri"])
    if not folder.is_dir():
        raise TrimError(f"{name} has no artifact: {folder} is no folder. Run `sam build` again.")
    wanted = resource.get("Metadata", {}).get(_KEY, {})
    if unknown := sorted(set(wanted) - _KNOWN):
        raise TrimError(f"{name}: Metadata.{_KEY} has no {', '.join(unknown)}; it has {', '.join(sorted(_KNOWN))}.")
    services = wanted.get("AwsServices")
    return BuiltFunction(
        name=name,
        folder=folder,
        services=None if services is None else frozenset(services),
        without=tuple(wanted.get("WithoutPackages", ())),
    )


def _check_shared_folders(functions: list[BuiltFunction]) -> None:
    """Refuse what would be trimmed for one function and is used by another. `sam build` shares only equal builds."""
    by_folder: dict[Path, BuiltFunction] = {}
    for function in functions:
        other = by_folder.setdefault(function.folder, function)
        if (function.services, function.without) != (other.services, other.without):
            raise TrimError(
                f"{other.name} and {function.name} share the artifact {function.folder.name}, and their "
                f"Metadata.{_KEY} differ. Build each of them: `sam build` without --cached."
            )
