"""Licences of the packages that this repository ships, and whether licences.toml allows them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from license_expression import ExpressionError, get_spdx_licensing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tools.supply_chain.lock_file import LockedPackage

LICENCES_FILE = Path(__file__).with_name("licences.toml")
_CLASSIFIER = "License :: "
_SPDX = get_spdx_licensing()


class UnknownLicenceError(Exception):
    """The licence of a package cannot be read; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Licences:
    """The rules of licences.toml."""

    allowed: frozenset[str]
    spellings: Mapping[str, str]
    packages: Mapping[str, str]

    @classmethod
    def read(cls, path: Path = LICENCES_FILE) -> Licences:
        """Read the rules."""
        rules = tomllib.loads(path.read_text())
        return cls(allowed=frozenset(rules["allowed"]), spellings=rules["spellings"], packages=rules["packages"])

    def licence_of(self, package: str) -> str:
        """Return the SPDX expression of an installed package. Raises UnknownLicenceError.

        licences.toml comes first, since metadata can be wrong; then the metadata's fields, the newest kind first.
        """
        if package in self.packages:
            return self.packages[package]
        try:
            fields = metadata(package)
        except PackageNotFoundError:
            raise UnknownLicenceError(
                f"{package} is not installed here, so its licence cannot be read: name it in {LICENCES_FILE.name}, "
                "under [packages]"
            ) from None
        classifiers = [each for each in fields.get_all("Classifier", []) if each.startswith(_CLASSIFIER)]
        stated: list[str] = fields.get_all("License-Expression", [])
        if len(classifiers) <= 1:  # of several, nobody knows whether all hold, or one of them
            stated += [*fields.get_all("License", []), *classifiers]
        for text in stated:
            expression = self.spellings.get(text, text)
            if _is_spdx(expression):
                return expression
        raise UnknownLicenceError(
            f"{package} names no licence that can be read: look into its licence file, and name it in "
            f"{LICENCES_FILE.name}, under [packages]"
        )

    def is_allowed(self, expression: str) -> bool:
        """Tell whether an SPDX expression is allowed: one side of an OR is enough, of an AND both have to be."""
        return self._is_allowed(_SPDX.parse(expression))

    def _is_allowed(self, parsed: Any) -> bool:
        if isinstance(parsed, _SPDX.OR):
            return any(map(self._is_allowed, parsed.args))
        if isinstance(parsed, _SPDX.AND):
            return all(map(self._is_allowed, parsed.args))
        return parsed.render() in self.allowed

    def findings(self, packages: Iterable[LockedPackage]) -> list[str]:
        """Return a line for each package whose licence is not allowed or unknown."""
        return [finding for name in sorted({each.name for each in packages}) if (finding := self._finding(name))]

    def _finding(self, package: str) -> str | None:
        try:
            expression = self.licence_of(package)
        except UnknownLicenceError as error:
            return str(error)
        if self.is_allowed(expression):
            return None
        return (
            f"{package} has the licence {expression}, which {LICENCES_FILE.name} does not allow: read what it demands, "
            "then add it under `allowed` with the reason, or use another package"
        )


def _is_spdx(expression: str) -> bool:
    try:
        return not _SPDX.validate(expression).errors
    except ExpressionError:
        return False
