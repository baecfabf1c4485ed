"""Large data of packages that a function never reads: most of an artifact.

botocore has the models of 400 AWS services, babel the formats of 1,000 locales. They are read by name, when a client or
a locale is made; nothing imports them.
"""

from __future__ import annotations

import shutil
from importlib.metadata import PathDistribution
from typing import TYPE_CHECKING

from babel import Locale
from babel.core import get_global

from tools.trim.errors import TrimError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# Of each package with a folder for each service.
_SERVICE_DATA = ("botocore/data", "boto3/data")
_LOCALE_DATA = "babel/locale-data"
_ROOT_LOCALE = "root"


def keep_services(artifact: Path, services: Iterable[str]) -> None:
    """Remove the models of all other AWS services. Raises TrimError if botocore has no such service."""
    kept = set(services)
    models = artifact / _SERVICE_DATA[0]
    if unknown := sorted(each for each in kept if not (models / each).is_dir()):
        raise TrimError(f"{artifact.name}: botocore knows no AWS service {', '.join(unknown)}. See {models}.")
    for data in _SERVICE_DATA:
        for folder in (artifact / data).glob("*/"):
            if folder.name not in kept:
                shutil.rmtree(folder)


def keep_locales(artifact: Path, locales: Iterable[str]) -> None:
    """Remove babel's data of all locales but these, such as `pt-BR`, and those that they inherit from."""
    kept = {_ROOT_LOCALE}
    for locale in locales:
        name: str | None = str(Locale.parse(locale, sep="-"))
        while name:
            kept.add(name)
            name = get_global("parent_exceptions").get(name) or name.rpartition("_")[0]
    for data in (artifact / _LOCALE_DATA).glob("*.dat"):
        if data.stem not in kept:
            data.unlink()


def remove_packages(artifact: Path, names: Iterable[str]) -> None:
    """Remove distributions, by the files that they say that they have. Raises TrimError if one is not there."""
    for name in names:
        found = [each for each in artifact.glob("*.dist-info") if _normal(each.name.split("-")[0]) == _normal(name)]
        if not found:
            raise TrimError(
                f"{artifact.name}: Metadata.Artifact says WithoutPackages {name}, and it has no such package."
            )
        for file in PathDistribution(found[0]).files or ():
            path = (artifact / file).resolve()
            # A record names scripts, too, which installers put beside the packages.
            if path.is_relative_to(artifact.resolve()):
                path.unlink(missing_ok=True)
                _remove_empty(path.parent, artifact.resolve())


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
