"""Page samrun/docs/support.md: every event source, property and resource type, and how far samrun supports it.

It is written from the tables by which samrun decides: python samrun/tools/support_tables.py [--check].
"""

from __future__ import annotations

import argparse
import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from samrun.lambda_api.operations import OPERATIONS
from samrun.template.support.event_sources import EVENT_SOURCES
from samrun.template.support.levels import Level, Support
from samrun.template.support.properties import PROPERTIES
from samrun.template.support.resource_types import CREATED, PASSIVE, RUN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PAGE = Path(__file__).parents[1] / "docs" / "support.md"

_MEANINGS = {
    Level.AS_AWS: "does what AWS does",
    Level.DIFFERENT: "runs; the table says what is different",
    Level.NO_EFFECT: "has no effect on one machine",
    Level.NOT_RUN: "is left out, and a line at the start names it",
}
_INTRODUCTION = """\
# Supported parts of a template

samrun decides by these tables. `make support` writes this page from them
([support_tables.py](../tools/support_tables.py)), so edit the code and not the page."""


def generate() -> str:
    """Return the page in Markdown."""
    return "\n\n".join([_INTRODUCTION, *_sections()]) + "\n"


def _sections() -> Iterator[str]:
    yield _table("level | such a part", (f"{level.value} | {meaning}" for level, meaning in _MEANINGS.items()))
    yield "## Event sources"
    yield _table(
        "event source | level | difference or reason", (_row(name, each) for name, each in EVENT_SOURCES.items())
    )
    yield "## Properties"
    yield (
        "A property that samrun does not know is named at the start, and so is a name inside one. A mapping with a "
        "property that its event source does not have stops the start, as AWS refuses it."
    )
    for kind, properties in PROPERTIES.items():
        yield f"### {_short(kind)}"
        yield _table("property | level | difference or reason", _property_rows(properties))
    yield "## Lambda's API"
    yield "samrun serves these operations on port 3001 ([how to use them](mappings-elsewhere.md)):"
    yield _table("operation | level | difference", (_row(name, each) for name, each in OPERATIONS.items()))
    yield "## Resource types"
    yield "samrun runs these types:"
    yield _types(RUN)
    yield "It creates these in the local AWS:"
    yield _types(CREATED)
    yield "These have no effect on one machine, or samrun reads them with another resource, as a stage with its API:"
    yield _types(PASSIVE)
    yield "samrun leaves out every other resource type, and names it at the start."


def _table(header: str, rows: Iterable[str]) -> str:
    columns = header.count("|") + 1
    return "\n".join([f"| {header} |", "|" + "---|" * columns, *(f"| {row} |" for row in rows)])


def _row(name: str, support: Support) -> str:
    return f"{name} | {support.level.value} | {support.note}"


def _property_rows(properties: Mapping[str, Support]) -> Iterator[str]:
    """Yield a row for each property with a note, and one row for all others of a level."""
    for level in Level:
        of_level = {name: each for name, each in properties.items() if each.level is level}
        if plain := [name for name, each in of_level.items() if not each.note]:
            yield _row(", ".join(plain), Support(level))
        yield from (_row(name, each) for name, each in of_level.items() if each.note)


def _types(kinds: Iterable[str]) -> str:
    by_service = groupby(sorted(map(_short, kinds)), key=lambda kind: kind.partition("::")[0])
    rows = (f"{service} | {', '.join(kind.partition('::')[2] for kind in of)}" for service, of in by_service)
    return _table("service | types", rows)


def _short(kind: str) -> str:
    return kind.removeprefix("AWS::")


def main() -> int:
    """Write the page, or tell with --check whether it is as the code has it."""
    parser = argparse.ArgumentParser(prog="python samrun/tools/support_tables.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is not up to date")
    check = parser.parse_args().check
    current = generate()
    if not check:
        PAGE.write_text(current, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != current:
        print(f"{PAGE.name} of samrun is not up to date: run `make support`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
