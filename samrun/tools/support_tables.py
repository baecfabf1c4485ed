"""Tables of samrun's README: every event source, property and resource type, and how far samrun supports it.

They are written from the tables by which samrun decides: python samrun/tools/support_tables.py [--check].
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from samrun.template.support.event_sources import EVENT_SOURCES
from samrun.template.support.levels import Level
from samrun.template.support.properties import PROPERTIES
from samrun.template.support.resource_types import CREATED, PASSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from samrun.template.support.levels import Support

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- written by samrun/tools/support_tables.py: begin -->", "<!-- end -->"

# Columns of the properties, and the levels in each.
_COLUMNS: Mapping[str, Sequence[Level]] = {
    "as on AWS": [Level.AS_AWS],
    "differently": [Level.DIFFERENT],
    "named at the start": [Level.NOT_RUN],
    "no effect here": [Level.NO_EFFECT],
}
_WORDS = {Level.NOT_RUN: "named at the start, not run"}


def generate() -> str:
    """Return the tables in Markdown."""
    made = f"samrun makes these in the local AWS: {_types(CREATED)}"
    return "\n".join(
        [
            "| event source | level | |",
            "|---|---|---|",
            *(f"| {name} | {_level(each)} | {each.note} |" for name, each in EVENT_SOURCES.items()),
            "",
            f"| property of | {' | '.join(_COLUMNS)} |",
            f"|---|{'---|' * len(_COLUMNS)}",
            *map(_row, PROPERTIES),
            "",
            "A property that samrun does not know is named at the start, and so is a name inside one.",
            "A mapping with a property that its event source does not have stops the start, as AWS refuses it.",
            "",
            f"Of the resource types, {made}.",
            "",
            "These need nothing on one machine, or another part carries their meaning: " + _types(PASSIVE) + ".",
            "",
            "Every other resource type is named at the start, and left out.",
        ]
    )


def _level(support: Support) -> str:
    return _WORDS.get(support.level, support.level.value)


def _row(kind: str) -> str:
    cells = [", ".join(_cells(PROPERTIES[kind], levels)) for levels in _COLUMNS.values()]
    return f"| {_name(kind)} | {' | '.join(cells)} |"


def _cells(properties: Mapping[str, Support], levels: Sequence[Level]) -> Iterator[str]:
    for name, support in properties.items():
        if support.level in levels:
            yield f"{name} ({support.note})" if support.note else name


def _types(kinds: set[str]) -> str:
    return ", ".join(sorted(map(_name, kinds)))


def _name(kind: str) -> str:
    return kind.removeprefix("AWS::")


def with_tables(text: str) -> str:
    """Return the README's text with the tables between its two markers."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{generate()}\n\n{END}{after}"


def main() -> int:
    """Write the tables, or tell with --check whether they are as the code has them."""
    parser = argparse.ArgumentParser(prog="python samrun/tools/support_tables.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the tables are not up to date")
    check = parser.parse_args().check
    text = README.read_text(encoding="utf-8")
    current = with_tables(text)
    if not check:
        README.write_text(current, encoding="utf-8")
    elif current != text:
        print(f"{README.name} of samrun is not up to date: run `make support`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
